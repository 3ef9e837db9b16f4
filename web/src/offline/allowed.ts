/** Whether the installation lets phones keep what was read and the pages themselves (setting `api.kept_on_phones`): the frame says so. */
export const mayKeep = (): boolean => document.querySelector('meta[name="kept-on-phones"]')?.getAttribute("content") !== "no";
