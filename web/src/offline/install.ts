/** Getting the pages onto the home screen: the browser's own offer where there is one, else the words for how. */
import { shallowRef } from "vue";

/** Of browsers that let a page ask; not in the types of the language. */
interface InstallOffer extends Event {
  readonly prompt: () => Promise<unknown>;
}

let offer: InstallOffer | null = null;
/** Whether the browser has offered to install and was not asked yet. */
export const installable = shallowRef(false);

addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault(); // not in the middle of the work: the page "me" has a button
  offer = event as InstallOffer;
  installable.value = true;
});
addEventListener("appinstalled", () => {
  offer = null;
  installable.value = false;
});

export async function install(): Promise<void> {
  const shown = offer;
  offer = null;
  installable.value = false;
  await shown?.prompt();
}

export type Hint = "button" | "share" | "chat" | "menu" | "none";

/** How this browser installs. `touches`: fingers its screen can tell; an iPad calls itself a Mac. */
export function hintFor(agent: string, touches: number, installed: boolean, offered: boolean): Hint {
  if (installed) return "none";
  if (/MicroMessenger|wxwork|DingTalk|Lark|Feishu/i.test(agent)) return "chat";
  if (offered) return "button";
  if (/iPhone|iPad/.test(agent) || (/Macintosh/.test(agent) && touches > 1)) return "share";
  return /Android|Mobile|HarmonyOS/i.test(agent) ? "menu" : "none";
}
