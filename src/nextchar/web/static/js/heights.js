// How high figures are, in pixels, on a wide screen and on a phone: written by tools/heights.py.

export const HEIGHTS = { wide: {}, phone: {} };
