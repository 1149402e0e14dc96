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

CLUSTERED: Final = 600  # symbols, the most frequent ones
LEAST_SEEN: Final = 8  # times, of a symbol that is clustered if there are many
COMPANY: Final = 160  # symbols that are told apart where it is asked what stands beside a symbol
UNITS: Final = 128  # nodes that the mixers tell apart, the most frequent ones; those beyond share by depth
AFTER: Final = 0.3  # how much what follows a symbol counts, beside what precedes it
BALANCE: Final = 0.1  # of the price on size

Node = int | tuple["Node", "Node"]


def children(ids: npt.NDArray[np.integer], V: int) -> npt.NDArray[np.int64]:
    """The tree as the two children of each node, (N, 2): a node, or -1 - symbol. The root is 0.

    Nodes come in the order of how often they are passed, so that parents come first, and what is rare comes last.

    Args:
        ids: (S,) the text to learn from, boundaries included.
        V: size of the alphabet, at least 2.
    """
    often = np.bincount(ids, minlength=V)
    order = np.argsort(-often, kind="stable")
    known = min(int((often >= LEAST_SEEN).sum()), CLUSTERED)
    frequent, rare = np.split(order, [max(known, min(V, COMPANY))])
    leaves: list[Node] = [int(symbol) for symbol in frequent]
    group = np.full(V, len(frequent))
    group[frequent] = np.arange(len(frequent))
    if len(rare):
        leaves.append(_huffman(rare, often))
    return _numbered(_clustered(group[ids], leaves), often)


def _numbered(root: Node, often: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The children of each node, the nodes in the order of their weight."""
    nodes = [root]
    for node in nodes:  # breadth first: it grows while it is walked
        if not isinstance(node, int):
            nodes += node
    weight: dict[int, int] = {}
    for node in reversed(nodes):
        if not isinstance(node, int):
            weight[id(node)] = sum(int(often[n]) if isinstance(n, int) else weight[id(n)] for n in node)
    tie = count()
    heap: list[tuple[int, int, Node, int, int]] = [(0, next(tie), root, -1, 0)]
    numbered: list[list[int]] = []
    while heap:
        _, _, node, parent, side = heapq.heappop(heap)
        assert not isinstance(node, int), "symbols are leaves"
        if parent >= 0:
            numbered[parent][side] = len(numbered)
        pair = [0, 0]
        for bit, below in enumerate(node):
            if isinstance(below, int):
                pair[bit] = -1 - below
            else:
                heapq.heappush(heap, (-weight[id(below)], next(tie), below, len(numbered), bit))
        numbered.append(pair)
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
    G, C = len(leaves), min(len(leaves), COMPANY + 1)  # the rare ones are one kind of company
    beside = np.minimum(ids, C - 1)
    company = np.full((G, 2 * C), 1e-6)  # of each cluster: what precedes it, and what follows it
    company[:, :C] += np.bincount(ids[1:] * C + beside[:-1], minlength=G * C).reshape(G, C)
    company[:, C:] += AFTER * np.bincount(ids[:-1] * C + beside[1:], minlength=G * C).reshape(G, C)
    size: npt.NDArray[np.float64] = np.bincount(ids[1:], minlength=G).astype(np.float64)
    entropy = _entropy(company)
    nodes = [*leaves]
    price = np.full((G, G), np.inf)  # of joining a cluster with one before it

    def lost(one: int, others: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
        less: npt.NDArray[np.float64] = _entropy(company[others] + company[one]) - entropy[others] - entropy[one]
        less += BALANCE * (size[others] + size[one])
        return less

    for g in range(1, G):
        price[g, :g] = lost(g, np.arange(g))
    alive = np.arange(G)
    while len(alive) > 1:
        b, a = (int(i) for i in np.unravel_index(price.argmin(), price.shape))
        nodes[a] = (nodes[a], nodes[b])
        company[a] += company[b]
        size[a] += size[b]
        entropy[a] = _entropy(company[a])
        price[b], price[:, b] = np.inf, np.inf
        alive = alive[alive != b]
        others = alive[alive != a]
        price[np.maximum(others, a), np.minimum(others, a)] = lost(a, others)
    return nodes[int(alive[0])]


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
