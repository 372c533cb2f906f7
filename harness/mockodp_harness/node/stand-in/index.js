// Copied, not linked, by install-links in .npmrc: so the folder's place tells whom it stands in for.
'use strict'

const { sep } = require('node:path')

const name = __dirname.split(`${sep}node_modules${sep}`).pop().split(sep).join('/')

const error = new Error(
  `Package '${name}' was loaded, but only a stand-in of it is installed. Expected that the Optimizely Data ` +
    `Platform destination never needs it. Take '${name}' out of "overrides" in package.json and renew the lock file.`
)
error.code = 'EMOCKODPSTANDIN'
throw error
