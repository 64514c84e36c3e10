/* global SwaggerUIBundle */
SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  // A token that is entered here is forgotten with the page.
  persistAuthorization: false,
  validatorUrl: null,
});
