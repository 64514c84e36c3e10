// Configures the bundle of the dashboard. `npx vite src/dashboard` serves the dashboard from its sources, in
// front of a service on port 8000.
import { defineConfig } from 'vite';

const service = 'http://127.0.0.1:8000';

export default defineConfig({
  root: import.meta.dirname,
  // The page's content security policy allows `data:` URLs for images only.
  build: { assetsInlineLimit: 0, modulePreload: { polyfill: false }, target: 'es2022', emptyOutDir: true },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  server: { proxy: { '/api': service, '/ws': { target: service, ws: true }, '/docs': service } },
});
