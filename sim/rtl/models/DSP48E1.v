// Simulation model of the AMD DSP48E1 slice, for the settings that Gradgate uses (hw/primitives/dsp48e1.py):
// AREG=1, BREG=2 with BCOUT from B1, MREG=PREG=OPMODEREG=1, sum of the product and {0, PCIN, P}.
// Not for synthesis. Checked against the model that comes with Yosys.
// Source of the behaviour: AMD UG479.
`default_nettype none
module DSP48E1 #(
    parameter integer ACASCREG = 1, ADREG = 1, ALUMODEREG = 1, AREG = 1, BCASCREG = 1, BREG = 1, CARRYINREG = 1,
    parameter integer CARRYINSELREG = 1, CREG = 1, DREG = 1, INMODEREG = 1, MREG = 1, OPMODEREG = 1, PREG = 1,
    parameter A_INPUT = "DIRECT", B_INPUT = "DIRECT", USE_DPORT = "FALSE", USE_MULT = "MULTIPLY",
    parameter USE_SIMD = "ONE48", USE_PATTERN_DETECT = "NO_PATDET"
) (
    input  wire        CLK,
    input  wire [29:0] A, ACIN,
    input  wire [17:0] B, BCIN,
    input  wire [47:0] C, PCIN,
    input  wire [24:0] D,
    input  wire  [6:0] OPMODE,
    input  wire  [3:0] ALUMODE,
    input  wire  [4:0] INMODE,
    input  wire  [2:0] CARRYINSEL,
    input  wire        CARRYIN, CARRYCASCIN, MULTSIGNIN,
    input  wire        CEA1, CEA2, CEAD, CEALUMODE, CEB1, CEB2, CEC, CECARRYIN, CECTRL, CED, CEINMODE, CEM, CEP,
    input  wire        RSTA, RSTALLCARRYIN, RSTALUMODE, RSTB, RSTC, RSTCTRL, RSTD, RSTINMODE, RSTM, RSTP,
    output wire [47:0] P, PCOUT,
    output wire [17:0] BCOUT
);
    reg signed [24:0] a2 = 0;
    reg signed [17:0] b1 = 0, b2 = 0;
    reg signed [42:0] product = 0;
    reg         [6:0] opmode = 0;
    reg        [47:0] sum = 0;

    // Unlike the slice, X and Y (OPMODE[3:0]) select the whole product or nothing; Z is 0, PCIN or P.
    wire [47:0] addend = opmode[4] ? PCIN : opmode[5] ? sum : 48'd0;

    always @(posedge CLK) begin
        if (RSTA) a2 <= 0; else if (CEA2) a2 <= A[24:0];
        if (RSTB) b1 <= 0; else if (CEB1) b1 <= B_INPUT == "CASCADE" ? BCIN : B;
        if (RSTB) b2 <= 0; else if (CEB2) b2 <= b1;
        if (RSTM) product <= 0; else if (CEM) product <= a2 * b2;
        if (RSTCTRL) opmode <= 0; else if (CECTRL) opmode <= OPMODE;
        if (RSTP) sum <= 0; else if (CEP) sum <= addend + (opmode[0] ? {{5{product[42]}}, product} : 48'd0);
    end

    assign P = sum;
    assign PCOUT = sum;
    assign BCOUT = b1;

    initial
        if (AREG != 1 || BREG != 2 || BCASCREG != 1 || MREG != 1 || PREG != 1 || OPMODEREG != 1
            || A_INPUT != "DIRECT" || USE_DPORT != "FALSE" || USE_SIMD != "ONE48") begin
            $display("DSP48E1: this model does not cover these attributes");
            $finish;
        end
endmodule
`default_nettype wire
