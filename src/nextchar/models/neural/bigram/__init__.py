"""The bigram as a neural net: the lecture's steps, descent on the counts, Newton."""
