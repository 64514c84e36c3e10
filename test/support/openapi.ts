// Loaded before any schema is created: schemas made earlier lack the methods that this package adds, and then the API
// can't be composed. Test files share their modules, so a test that needs the API may not be the first to load one.
import '@hono/zod-openapi';
