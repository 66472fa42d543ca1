/** Compacts etcd to the current revision: https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/ */
export async function compactEtcd(etcdAddress: string): Promise<void> {
  const { header } = await callEtcd(`${etcdAddress}/v3/kv/range`, { key: Buffer.from('/').toString('base64') })
  await callEtcd(`${etcdAddress}/v3/kv/compaction`, { revision: header.revision, physical: true })
}

async function callEtcd(url: string, body: object): Promise<{ header: { revision: string } }> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) })
  const received = await response.text()
  if (!response.ok) throw new Error(`${url} returned ${response.status}: ${received}`)
  return JSON.parse(received)
}
