/**
 * Builds a container image of pullpass as an OCI archive, without a daemon and without root: one layer with Node and its
 * libraries, one with dist/, from scratch. The same input results in the same digest.
 *
 *     npm run image [-- FILE]     absent: release/pullpass-image.tar
 *     skopeo copy oci-archive:release/pullpass-image.tar docker://REGISTRY/pullpass:VERSION
 *
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import manifest from '../package.json' with { type: 'json' }

interface Blob {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

const file = process.argv[2] ?? 'release/pullpass-image.tar'
const work = mkdtempSync(join(tmpdir(), 'pullpass-image-'))
try {
  const layout = join(work, 'layout')
  mkdirSync(join(layout, 'blobs/sha256'), { recursive: true })
  const layers = [writeRuntime(join(work, 'runtime')), writeProgram(join(work, 'program'))]
  const image = writeImage(
    layout,
    layers.map((folder) => writeLayer(layout, folder)),
  )
  mkdirSync(dirname(file), { recursive: true })
  packTar(layout, file)
  console.log(`${file}: ${image.digest}, ${Math.round(statSync(file).size / 1e6)} MB`)
} finally {
  rmSync(work, { recursive: true, force: true })
}

/** Node without symbols, and the C and C++ libraries of this machine at the paths of the loader. */
function writeRuntime(folder: string): string {
  const node = join(folder, 'usr/local/bin/node')
  copy(process.execPath, node)
  execFileSync('strip', [node])
  for (const library of librariesOf(process.execPath)) copy(library, join(folder, library))
  mkdirSync(join(folder, 'etc'))
  writeFileSync(join(folder, 'etc/passwd'), 'pullpass:x:65532:65532::/:/sbin/nologin\n')
  writeFileSync(join(folder, 'etc/nsswitch.conf'), 'hosts: files dns\n')
  mkdirSync(join(folder, 'tmp'), { mode: 0o1777 })
  return folder
}

function writeProgram(folder: string): string {
  cpSync('dist', join(folder, 'opt/pullpass'), { recursive: true })
  return folder
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true })
  copyFileSync(from, to)
  chmodSync(to, 0o755)
}

/** `libm.so.6 => /lib/…/libm.so.6 (0x…)`, and the loader itself, `/lib64/ld-linux-x86-64.so.2 (0x…)`. */
function librariesOf(program: string): string[] {
  const lines = execFileSync('ldd', [program], { encoding: 'utf8' })
  return [...lines.matchAll(/^\s(?:\S+ => )?(\/\S+) \(0x/gm)].map(([, path = '']) => path)
}

function writeLayer(layout: string, folder: string): Blob & { readonly diffId: string } {
  const tar = join(folder, '../layer.tar')
  packTar(folder, tar)
  const content = readFileSync(tar)
  const blob = writeBlob(layout, 'application/vnd.oci.image.layer.v1.tar+gzip', gzipSync(content))
  return { ...blob, diffId: digestOf(content) }
}

function writeImage(layout: string, layers: readonly (Blob & { readonly diffId: string })[]): Blob {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch
  const config = writeJson(layout, 'application/vnd.oci.image.config.v1+json', {
    created: '1970-01-01T00:00:00Z',
    architecture,
    os: 'linux',
    config: {
      User: '65532:65532',
      Env: ['PATH=/usr/local/bin'],
      Entrypoint: ['/usr/local/bin/node', '/opt/pullpass/pullpass.mjs'],
      WorkingDir: '/',
      Labels: {
        'org.opencontainers.image.title': manifest.name,
        'org.opencontainers.image.version': manifest.version,
        'org.opencontainers.image.licenses': manifest.license,
      },
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
  })
  const image = writeJson(layout, 'application/vnd.oci.image.manifest.v1+json', {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config,
    layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
  })
  const index = { schemaVersion: 2, manifests: [{ ...image, platform: { architecture, os: 'linux' } }] }
  writeFileSync(join(layout, 'index.json'), JSON.stringify(index))
  writeFileSync(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  return image
}

function writeJson(layout: string, mediaType: string, value: unknown): Blob {
  return writeBlob(layout, mediaType, Buffer.from(JSON.stringify(value)))
}

function writeBlob(layout: string, mediaType: string, content: Buffer): Blob {
  const digest = digestOf(content)
  writeFileSync(join(layout, 'blobs', digest.replace(':', '/')), content)
  return { mediaType, digest, size: content.length }
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}

/** GNU tar, with fixed owner, time and order, so that the archive depends only on the content. */
function packTar(folder: string, to: string): void {
  const fixed = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--mode=u+rw,go+rX,go-w']
  execFileSync('tar', ['--create', '--file', to, '--directory', folder, ...fixed, '.'])
}
