import type { Mount } from "./island";

/** whenSeen puts a heavy island off until one scrolls near it: most who open
 * the page never do. */
export function whenSeen(load: () => Promise<{ mount: Mount }>): Mount {
  return (el) => {
    let gone = false;
    let leave: (() => void) | null = null;
    const begin = async (): Promise<void> => {
      watch.disconnect();
      const { mount } = await load();
      if (gone) return;
      leave = await mount(el);
    };
    const watch = new IntersectionObserver((seen) => seen.some((s) => s.isIntersecting) && void begin(), { rootMargin: "200px 0px" });
    watch.observe(el);
    return () => {
      gone = true;
      watch.disconnect();
      leave?.();
    };
  };
}
