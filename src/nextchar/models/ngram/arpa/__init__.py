r"""ARPA files: the text format of n-gram models that KenLM, SRILM and others read and write.

A file lists the n-grams of every order with log10 p(last word | the words before), and for those that are contexts the
log10 of the weight that the shorter context gets for words that are not listed (the backoff weight):

    \data\
    ngram 1=5
    ngram 2=6

    \1-grams:
    -99         <s>     -0.3010300
    -0.6020600  </s>
    -0.4771213  a       -0.1760913
    ...
    \end\

Here a word is one character. `<s>` and `</s>` are the boundary before and after an item, `<unk>` is the unknown
symbol. A blank and other characters that cannot be seen are written as `<U+0020>`: U+ and the code point in four to six
hexadecimal digits. No other word has more than one character, so every file can be read back.

Log-probabilities have 7 decimals. -99 stands for log 0, as in SRILM: what an unsmoothed model holds impossible, and
`<s>`, which is never predicted.

Source: ngram-format(5) of SRILM (Stolcke 2002); Heafield, "KenLM: Faster and Smaller Language Model Queries", 2011.
"""

from __future__ import annotations

from nextchar.models.ngram.arpa.reader import read_arpa
from nextchar.models.ngram.arpa.writer import ArpaSummary, write_arpa

__all__ = ["ArpaSummary", "read_arpa", "write_arpa"]
