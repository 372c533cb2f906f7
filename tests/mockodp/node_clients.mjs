// The same for code that imports by name: `node node_clients.mjs NAME URL` prints what it was told, or its error.

import { get } from 'node:https'
import { connect } from 'node:tls'

const clients = {
  https: (url) =>
    new Promise((resolve, reject) => {
      get(url, (answer) => resolve(collected(answer))).on('error', reject)
    }),

  fetch: async (url) => (await fetch(url)).text(),

  tls: async (url) => {
    const { hostname } = new URL(url)
    const socket = connect(443, hostname, { servername: hostname })
    socket.end(`GET / HTTP/1.0\r\nHost: ${hostname}\r\n\r\n`)
    return (await collected(socket)).split('\r\n\r\n').pop()
  },
}

async function collected(stream) {
  let text = ''
  for await (const chunk of stream) text += chunk
  return text
}

function told(error) {
  const cause = error.cause ?? error
  return { code: cause.code, message: cause.message }
}

const [name, url] = process.argv.slice(2)
const said = await clients[name](url).catch(told)
process.stdout.write(JSON.stringify(said))
