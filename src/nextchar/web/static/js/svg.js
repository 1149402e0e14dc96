// A shape of an SVG picture: its tag, its attributes, and what is written in it (text, or nodes to hold).

export function shape(tag, attributes = {}, ...content) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) node.setAttribute(name, String(value));
  }
  node.append(...content);
  return node;
}
