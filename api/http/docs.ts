// The API's documentation as pages: Swagger UI from its package, over our own OpenAPI document. Everything comes from
// this server, scripts are files, so the page needs no exception for inline scripts.
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import express, { type RequestHandler, Router } from 'express'
import { contentSecurityPolicy } from 'helmet'
import { traceOf } from './request-trace.ts'

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>CDSA API</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="/docs/swagger-ui.css" />
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`

const script = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
})
`

/** Swagger UI sets styles by attribute and draws its icons from data URLs. */
const policy = contentSecurityPolicy({
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'", "'unsafe-inline'"],
    imgSrc: ["'self'", 'data:'],
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
})

const named: RequestHandler = (request, _response, next) => {
  traceOf(request).route = '/docs'
  next()
}

/** Serves `/docs` and the files that it needs below. */
export function createDocs(): Router {
  const directory = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
  const router = Router()
  router.use('/docs', named, policy)
  router.get('/docs', (_request, response) => void response.type('html').send(page))
  router.get('/docs/start.js', (_request, response) => void response.type('text/javascript').send(script))
  const asset = express.static(directory, { index: false, redirect: false, maxAge: '1h' })
  router.get(['/docs/swagger-ui.css', '/docs/swagger-ui-bundle.js'], (request, response, next) => {
    request.url = request.url.slice('/docs'.length)
    asset(request, response, next)
  })
  return router
}
