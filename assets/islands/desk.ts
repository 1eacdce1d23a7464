// The large islands, in one file: what they share with every page would else be
// a file for each of them.
export { mount as calendar } from "./calendar";
export { mount as composer } from "./composer";
export { mount as inbox } from "./inbox";
