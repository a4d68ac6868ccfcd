"""Golden model of TaxoNN, the specification of its machine to the bit.

One training step (batch 1), all numbers codes of fixed-point formats, sums exact in between:

1. forward, layer i = 1..n: z[r] = sum_j W[r][j] x[j] + W[r][N] (bias times 1.0), one rounding
   (:mod:`.layer`); y, f' (:mod:`.activation`); y in the format of layer i+1, by nearest
   or stochastic, in samples that do not train with a noise of 128, about a half;
2. error at the outputs and G_n (:mod:`.loss`);
3. backward, i = n..2: s[j] = sum_r W_i[r][j] G_i[r], with W_i before its update, exact; rounded once to the format
   of layer i-1; G_{i-1}[j] = s[j] f'[j], nearest;
4. update: D[j] = alpha x[j], nearest; W[r][j] -= G[r] D[j], one rounding, stochastic or nearest; saturated.

The learning rate is multiplied into x first: G (alpha X) = alpha (G X), at one product an input instead of
one a weight, so a PE updates a weight in one cycle. And it is x that loses bits then, which is near 1, and not G,
which is small.

In a convolution (:mod:`.conv`) z is the greatest sum of a window or the mean of its sums, G goes to the places of the
greatest sums only or to all, and step 4 is W -= alpha Q, Q the sum of G x over all places, rounded to nearest: one
product with alpha a weight.
"""
