// Whether there is a phone's width only: what matters most then stands first, and charts show less at once.

import { useSyncExternalStore } from "react";

const phone = window.matchMedia("(max-width: 699px)");

export function useNarrow(): boolean {
  return useSyncExternalStore(
    (listener) => {
      phone.addEventListener("change", listener);
      return () => phone.removeEventListener("change", listener);
    },
    () => phone.matches,
  );
}
