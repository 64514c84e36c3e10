// How the dashboard is bundled. `npx vite src/dashboard` serves it from its sources, in front of a service on port 8000.
import { defineConfig } from 'vite';

const service = 'http://127.0.0.1:8000';

export default defineConfig({
  root: import.meta.dirname,
  // The page's policy allows no data: address but for pictures.
  build: { assetsInlineLimit: 0, modulePreload: { polyfill: false }, target: 'es2022', emptyOutDir: true },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  server: { proxy: { '/api': service, '/ws': { target: service, ws: true }, '/docs': service } },
});
