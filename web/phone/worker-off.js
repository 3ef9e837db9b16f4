// Served in place of worker.js where phones must keep nothing (setting `api.kept_on_phones: false`): it clears what was kept and ends itself.
self.addEventListener("install", () => self.skipWaiting());
async function clear() {
  for (const name of await caches.keys()) if (name.startsWith("twingrid-")) await caches.delete(name);
  await self.registration.unregister();
}
self.addEventListener("activate", (event) => event.waitUntil(clear()));
