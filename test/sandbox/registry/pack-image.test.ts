import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { suite, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { digestOf, packImage } from '../../../sandbox/registry/pack-image.ts'

suite('pack image', () => {
  const image = packImage({ 'hello.txt': 'Hello\n', 'greetings/long.txt': 'x'.repeat(600) })
  const [config = Buffer.alloc(0), layer = Buffer.alloc(0)] = image.blobs

  test('the layer is an archive that tar reads', () => {
    const listed = execFileSync('tar', ['-tzf', '-'], { input: layer, encoding: 'utf8' })
    const content = execFileSync('tar', ['-xzOf', '-', 'hello.txt'], { input: layer, encoding: 'utf8' })

    assert.equal(listed, 'hello.txt\ngreetings/long.txt\n')
    assert.equal(content, 'Hello\n')
  })

  test('the manifest has the digests of config and layer, the config that of the uncompressed layer', () => {
    const manifest = JSON.parse(image.manifest.toString())

    assert.equal(manifest.config.digest, digestOf(config))
    assert.equal(manifest.layers[0].digest, digestOf(layer))
    assert.deepEqual(JSON.parse(config.toString()).rootfs.diff_ids, [digestOf(gunzipSync(layer))])
  })

  test('the same files have the same digest', () => {
    const again = packImage({ 'hello.txt': 'Hello\n', 'greetings/long.txt': 'x'.repeat(600) })

    assert.equal(digestOf(again.manifest), digestOf(image.manifest))
  })
})
