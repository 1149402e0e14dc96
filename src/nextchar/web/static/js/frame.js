// What all pages of the site share: what the browser remembers, and the strip that says when the program is gone.
//
//   remember(key, value) / recall(key)    kept in the browser (localStorage) under "nextchar."; "name" is the name that
//                                         was typed at the door
//   LANGUAGES                             [{code, tag}]

export const LANGUAGES = [
  { code: "en", tag: "en" },
  { code: "zh", tag: "zh-Hans" },
];

export function remember(key, value) {
  try {
    localStorage.setItem(`nextchar.${key}`, JSON.stringify(value));
  } catch {
    // The reader keeps nothing: so be it.
  }
}

export function recall(key) {
  try {
    return JSON.parse(localStorage.getItem(`nextchar.${key}`));
  } catch {
    return null;
  }
}
