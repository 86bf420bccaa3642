"""One verdict per claim of the paper, each with the number it rests on."""
