"""One verdict per claim of the text, each with the number it rests on."""
