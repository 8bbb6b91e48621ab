"""Boards: how fund and institutions stand, and every figure down to the stay, its explanation and the clause."""
