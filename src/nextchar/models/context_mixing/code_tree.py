"""The code of the symbols: a binary tree in which symbols that come in alike company stand together.

A symbol is then a few yes-or-no questions, each of which a context can learn from one example: first whether a vowel
comes, and then which. Symbols begin as clusters; the two whose union tells least is lost by are joined again and again
(Brown et al. 1992, "Class-based n-gram models of natural language", by entropy), with a price on the size of both that
keeps the tree shallow. Of a large alphabet only the frequent symbols are clustered so; the rare ones are joined before
as Huffman (1952) would.

Letters: V alphabet, N = V - 1 nodes, P length of all paths together.
"""

from __future__ import annotations

import heapq
from itertools import count
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from nextchar._kernels.context_mixing.layout import Tree

__all__ = ["children", "tree_of"]

CLUSTERED: Final = 160  # symbols, the most frequent ones
UNITS: Final = 1024  # nodes that the mixers tell apart; those beyond share by depth
AFTER: Final = 0.3  # how much what follows a symbol counts, beside what precedes it
BALANCE: Final = 0.1  # of the price on size

Node = int | tuple["Node", "Node"]


def children(ids: npt.NDArray[np.integer], V: int) -> npt.NDArray[np.int64]:
    """The tree as the two children of each node, (N, 2): a node, or -1 - symbol. The root is 0, parents come first.

    Args:
        ids: (S,) the text to learn from, boundaries included.
        V: size of the alphabet, at least 2.
    """
    often = np.bincount(ids, minlength=V)
    order = np.argsort(-often, kind="stable")
    frequent, rare = order[:CLUSTERED], order[CLUSTERED:]
    leaves: list[Node] = [int(symbol) for symbol in frequent]
    group = np.full(V, len(frequent))
    group[frequent] = np.arange(len(frequent))
    if len(rare):
        leaves.append(_huffman(rare, often))
    root = _clustered(group[ids], leaves)
    numbered: list[tuple[int, int]] = []
    waiting: list[tuple[Node, int, int]] = [(root, -1, 0)]
    for node, parent, side in waiting:  # breadth first: it grows while it is walked
        number = len(numbered)
        if isinstance(node, int):
            number = -1 - node
        else:
            numbered.append((0, 0))
            waiting += [(node[0], number, 0), (node[1], number, 1)]
        if parent >= 0:
            pair = list(numbered[parent])
            pair[side] = number
            numbered[parent] = (pair[0], pair[1])
    return np.array(numbered, dtype=np.int64)


def _huffman(symbols: npt.NDArray[np.intp], often: npt.NDArray[np.int64]) -> Node:
    tie = count()
    heap: list[tuple[int, int, Node]] = [(int(often[s]), next(tie), int(s)) for s in symbols]
    heapq.heapify(heap)
    while len(heap) > 1:
        (a, _, left), (b, _, right) = heapq.heappop(heap), heapq.heappop(heap)
        heapq.heappush(heap, (a + b, next(tie), (left, right)))
    return heap[0][2]


def _clustered(ids: npt.NDArray[np.int64], leaves: list[Node]) -> Node:
    """Join clusters, two at a time, where the least is lost, until one is left."""
    G = len(leaves)
    company = np.full((2 * G - 1, 2 * G), 1e-6)  # of each cluster: what precedes it, and what follows it
    pairs = np.bincount(ids[:-1] * G + ids[1:], minlength=G * G).reshape(G, G)
    company[:G, :G] += pairs.T
    company[:G, G:] += AFTER * pairs
    size = np.zeros(2 * G - 1)
    size[:G] = pairs.sum(axis=0)
    entropy = np.zeros(2 * G - 1)
    entropy[:G] = _entropy(company[:G])
    nodes = [*leaves]
    alive = list(range(G))
    heap: list[tuple[float, int, int]] = []

    def price(new: int, others: list[int]) -> None:
        lost = _entropy(company[others] + company[new]) - entropy[others] - entropy[new]
        lost += BALANCE * (size[others] + size[new])
        for other, value in zip(others, lost.tolist(), strict=True):
            heapq.heappush(heap, (value, new, other))

    for g in range(1, G):
        price(g, alive[:g])
    while len(alive) > 1:
        _, a, b = heapq.heappop(heap)
        if a not in alive or b not in alive:
            continue
        new = len(nodes)
        alive = [g for g in alive if g not in (a, b)]
        company[new] = company[a] + company[b]
        size[new] = size[a] + size[b]
        entropy[new] = _entropy(company[new])
        nodes.append((nodes[a], nodes[b]))
        if alive:
            price(new, alive)
        alive.append(new)
    return nodes[alive[0]]


def _entropy(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Unnormalised: the total times the entropy of the shares, nats."""
    total = x.sum(axis=-1)
    found: npt.NDArray[np.float64] = total * np.log(total) - (x * np.log(x)).sum(axis=-1)
    return found


def tree_of(child: npt.NDArray[np.int64]) -> Tree:
    """The paths of all symbols, from the children of each node.

    Raises:
        ValueError: it is no tree of V symbols whose parents come before their children.
    """
    from nextchar._kernels.context_mixing.layout import Tree

    N = len(child)
    V = N + 1
    if sorted((child[child > 0]).tolist()) != list(range(1, N)) or sorted((-1 - child[child < 0]).tolist()) != list(
        range(V)
    ):
        raise ValueError("the code tree is none")
    parent, side = np.zeros(N, dtype=np.int64), np.zeros(N, dtype=np.int64)
    above, turn = np.zeros(V, dtype=np.int64), np.zeros(V, dtype=np.int64)
    for bit in range(2):
        inner = child[:, bit] > 0
        parent[child[inner, bit]], side[child[inner, bit]] = np.flatnonzero(inner), bit
        leaf = child[:, bit] < 0
        above[-1 - child[leaf, bit]], turn[-1 - child[leaf, bit]] = np.flatnonzero(leaf), bit
    if (parent[1:] >= np.arange(1, N)).any():
        raise ValueError("the code tree is none")
    depth = np.zeros(N, dtype=np.int64)
    for node in range(1, N):
        depth[node] = depth[parent[node]] + 1
    lengths = depth[above] + 1
    first = np.concatenate([[0], np.cumsum(lengths)])
    nodes, bits = np.zeros(first[-1], dtype=np.int64), np.zeros(first[-1], dtype=np.int64)
    for symbol in range(V):
        at, here, way = int(first[symbol + 1]) - 1, int(above[symbol]), int(turn[symbol])
        while True:
            nodes[at], bits[at] = here, way
            if here == 0:
                break
            at, here, way = at - 1, int(parent[here]), int(side[here])
    unit = np.arange(N, dtype=np.int64)
    beyond = unit >= UNITS
    unit[beyond] = UNITS + np.minimum(depth[beyond], 31)
    return Tree(first, nodes, bits, child, depth, unit)
