// Ways in which Node code reaches a server: `node node_clients.cjs NAME URL` prints what it was told, or its error.

'use strict'

const { execFile } = require('node:child_process')
const http = require('node:http')
const https = require('node:https')
const net = require('node:net')
const tls = require('node:tls')
const { Worker, isMainThread, parentPort } = require('node:worker_threads')

const clients = {
  http: (url) => got((listener) => http.get(url, listener)),
  https: (url) => got((listener) => https.get(url, listener)),
  fetch: async (url) => (await fetch(url)).text(),

  'https with an agent': async (url) => {
    const agent = new https.Agent({ keepAlive: true })
    return got((listener) => https.get(url, { agent }, listener)).finally(() => agent.destroy())
  },

  'https without verification': (url) => got((listener) => https.get(url, { rejectUnauthorized: false }, listener)),

  'https with a lookup of its own': (url) => {
    const here = { address: '127.0.0.1', family: 4 }
    const lookup = (name, { all }, found) => (all ? found(null, [here]) : found(null, here.address, here.family))
    return got((listener) => https.get(url, { lookup, rejectUnauthorized: false }, listener))
  },

  'tls by host and port': (url) => {
    const { hostname, port } = parts(url)
    return talked(tls.connect(port, hostname, { servername: hostname }), hostname)
  },

  'tls by options': (url) => {
    const { hostname, port } = parts(url)
    return talked(tls.connect({ host: hostname, port, servername: hostname }), hostname)
  },

  'tls to an address': (url) => {
    const { hostname } = parts(url)
    return talked(tls.connect({ host: '203.0.113.1', port: 443, servername: hostname }), hostname)
  },

  'tls over a socket': async (url) => {
    const { hostname, port } = parts(url)
    const socket = net.connect(port, hostname)
    return talked(await connected(socket, () => tls.connect({ socket, servername: hostname })), hostname)
  },

  'tls over a socket that names its host': async (url) => {
    const { hostname, port } = parts(url)
    const socket = net.connect(port, hostname)
    return talked(await connected(socket, () => tls.connect({ socket })), hostname)
  },

  'tls through a proxy': async (url) => {
    const { hostname } = parts(url)
    const socket = net.connect(Number(process.env.PROXY_PORT), '127.0.0.1')
    return talked(await connected(socket, () => tls.connect({ socket, servername: hostname })), hostname)
  },

  'tls with a context of its own': (url) => {
    const { hostname, port } = parts(url)
    const secureContext = tls.createSecureContext()
    return talked(tls.connect({ host: hostname, port, servername: hostname, secureContext }), hostname)
  },

  net: (url) => {
    const { hostname, port } = parts(url)
    return talked(net.connect(port, hostname), hostname)
  },

  pipe: (path) => talked(net.connect(path), 'pipe'),

  worker: (url) =>
    new Promise((resolve, reject) => {
      const worker = new Worker(__filename, { argv: ['fetch', url] })
      worker.once('error', reject).once('message', resolve)
    }),

  child: (url) =>
    new Promise((resolve) => {
      execFile(process.execPath, [__filename, 'fetch', url], (_, stdout) => resolve(JSON.parse(stdout)))
    }),
}

function got(get) {
  return new Promise((resolve, reject) => {
    get((answer) => resolve(collected(answer))).on('error', reject)
  })
}

function talked(socket, host) {
  socket.end(`GET / HTTP/1.0\r\nHost: ${host}\r\n\r\n`)
  return collected(socket).then((text) => text.split('\r\n\r\n').pop())
}

async function collected(stream) {
  let text = ''
  for await (const chunk of stream) text += chunk
  return text
}

function connected(socket, then) {
  return new Promise((resolve, reject) => {
    socket.once('error', reject).once('connect', () => {
      try {
        resolve(then())
      } catch (error) {
        reject(error)
      }
    })
  })
}

function parts(url) {
  const { hostname, port, protocol } = new URL(url)
  return { hostname, port: Number(port || (protocol === 'https:' ? 443 : 80)) }
}

function told(error) {
  const cause = error.cause ?? error
  return { code: cause.code, message: cause.message }
}

function say(said) {
  if (isMainThread) process.stdout.write(JSON.stringify(said))
  else parentPort.postMessage(said)
}

const [name, url] = process.argv.slice(2)
clients[name](url).then(say, (error) => say(told(error)))
