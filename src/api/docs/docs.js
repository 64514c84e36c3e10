/* global SwaggerUIBundle */
SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  // A token entered here is forgotten when the page is closed.
  persistAuthorization: false,
  validatorUrl: null,
});
