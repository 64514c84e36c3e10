// Configures the bundle of the dashboard. `npx vite src/dashboard` serves the dashboard from its sources, in
// front of the service at HOST and PORT.
import { defineConfig, loadEnv } from 'vite';
import { hostUrl } from '../lib/host-url.ts';

const { HOST = '127.0.0.1', PORT = '8000' } = loadEnv('', import.meta.dirname, ['HOST', 'PORT']);
// Requests keep their Host: the service rejects the requests of a page with another Origin.
const service = { target: hostUrl(HOST, Number(PORT), '127.0.0.1'), changeOrigin: false };

export default defineConfig({
  root: import.meta.dirname,
  // The page's content security policy allows `data:` URLs for images only.
  build: { assetsInlineLimit: 0, modulePreload: { polyfill: false }, target: 'es2022', emptyOutDir: true },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  server: {
    proxy: {
      '/api': service,
      '/ws': { ...service, ws: true },
      '/docs': service,
      '/openapi.json': service,
    },
  },
});
