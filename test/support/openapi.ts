// Loaded before any schema is created: schemas made earlier lack the methods that this package adds, and then the API
// can't be composed. Test files share their modules, so another file may have loaded a schema before.
import '@hono/zod-openapi';
