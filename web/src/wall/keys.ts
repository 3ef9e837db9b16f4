/** The two keys of the wall screen, and buttons that show themselves to whoever moves the mouse or uses the keyboard. */
import { onMounted, onScopeDispose, ref, type Ref } from "vue";

const SHOWN_MS = 4_000;

export async function turnFull(): Promise<void> {
  try {
    if (document.fullscreenElement) await document.exitFullscreen();
    else await document.documentElement.requestFullscreen();
  } catch {
    // A browser that refuses (a kiosk fills the screen already) shows the page as it is.
  }
}

/** `F` fills the screen; `Esc` leaves it (the browser sees to that), and then the page. Answers whether somebody is there. */
export function useKeys(leave: () => void): Readonly<Ref<boolean>> {
  const there = ref(false);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stir = (): void => {
    there.value = true;
    clearTimeout(timer);
    timer = setTimeout(() => (there.value = false), SHOWN_MS);
  };
  const press = (event: KeyboardEvent): void => {
    stir();
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "f" || event.key === "F") void turnFull();
    if (event.key === "Escape" && document.fullscreenElement === null) leave();
  };
  onMounted(() => {
    addEventListener("keydown", press);
    addEventListener("pointermove", stir);
  });
  onScopeDispose(() => {
    removeEventListener("keydown", press);
    removeEventListener("pointermove", stir);
    clearTimeout(timer);
    if (document.fullscreenElement) void document.exitFullscreen().catch(() => undefined);
  });
  return there;
}
