// What the pages with a form have, in one file: each of it is small, and a page
// often needs several.
export { mount as ask } from "./ask";
export { mount as beside } from "./beside";
export { mount as choose } from "./choose";
export { mount as composer } from "./composer";
export { mount as inbox } from "./inbox";
export { mount as names } from "./mention";
export { mount as upload } from "./upload";
