// Starts a whole Bluesky network on this machine: PLC, PDS and AppView. Prints
// one line of JSON with its addresses and two accounts, and stops when its
// input ends. It needs DB_POSTGRES_URL and REDIS_HOST, and as its argument the
// folder that @atproto/dev-env was installed in. With REAL_WITHOUT_APPVIEW=1
// it starts PLC and PDS only, which need neither.
import { createRequire } from 'node:module'
import { resolve } from 'node:path'

const require = createRequire(resolve(process.argv[2], 'package.json'))
const { TestNetwork, TestNetworkNoAppView } = require('@atproto/dev-env')

// The line is the only thing that may come out; the servers log elsewhere.
const say = process.stdout.write.bind(process.stdout)
console.log = console.error

async function call(base, nsid, body, token) {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
  const answer = await fetch(`${base}/xrpc/${nsid}`, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${nsid}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}

async function account(base, name) {
  const made = await call(base, 'com.atproto.server.createAccount', {
    handle: `${name}.test`, email: `${name}@example.test`, password: `account-${name}`,
  })
  await call(base, 'com.atproto.repo.putRecord', {
    repo: made.did, collection: 'app.bsky.actor.profile', rkey: 'self',
    record: { $type: 'app.bsky.actor.profile', displayName: name, description: `The ${name}.`, createdAt: new Date().toISOString() },
  }, made.accessJwt)
  const app = await call(base, 'com.atproto.server.createAppPassword', { name: 'rapport' }, made.accessJwt)
  return { handle: made.handle, did: made.did, appPassword: app.password }
}

const alone = process.env.REAL_WITHOUT_APPVIEW === '1'
const network = alone
  ? await TestNetworkNoAppView.create({})
  : await TestNetwork.create({ dbPostgresSchema: 'rapport' })
const pds = network.pds.url
const accounts = [await account(pds, 'brand'), await account(pds, 'fan')]
say(JSON.stringify({ pds, plc: network.plc.url, appview: alone ? '' : network.bsky.url, accounts }) + '\n')

process.stdin.resume()
process.stdin.on('end', async () => {
  setTimeout(() => process.exit(0), 5000).unref()
  await network.close().catch(() => {})
  process.exit(0)
})
