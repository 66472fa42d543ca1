/**
 * Builds a container image without a daemon: one static C program, packed as a Docker archive.
 * https://github.com/moby/docker-image-spec/blob/main/spec.md (config.json, manifest.json)
 */
import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findInstalledProgram } from '../process/find-program.ts'
import { runSuccessfully } from '../process/run-program.ts'

/** Writes `FOLDER/image.tar` and returns its path; the image runs the program, and `reference` is its tag. */
export async function buildImage(folder: string, reference: string, programSource: string): Promise<string> {
  const compiler = findInstalledProgram('gcc', 'gcc libc6-dev')
  await mkdir(join(folder, 'layer'), { recursive: true, mode: 0o700 })
  const program = join(folder, 'layer', 'program')
  await runSuccessfully(compiler, ['-static', '-Os', '-s', '-x', 'c', '-o', program, '-'], { stdin: programSource })

  const layerFile = join(folder, 'layer.tar')
  await runSuccessfully('tar', [...reproducibly, '-cf', layerFile, '-C', join(folder, 'layer'), 'program'])
  const diffId = createHash('sha256')
    .update(await readFile(layerFile))
    .digest('hex')
  await writeJson(folder, 'config.json', {
    architecture: goArchitecture(),
    os: 'linux',
    config: { Entrypoint: ['/program'] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${diffId}`] },
  })
  await writeJson(folder, 'manifest.json', [{ Config: 'config.json', RepoTags: [reference], Layers: ['layer.tar'] }])

  const archive = join(folder, 'image.tar')
  await runSuccessfully('tar', ['-cf', archive, '-C', folder, 'manifest.json', 'config.json', 'layer.tar'])
  return archive
}

const reproducibly = ['--owner=0', '--group=0', '--mtime=@0']

const goArchitecture = (): string => (process.arch === 'x64' ? 'amd64' : process.arch)

const writeJson = (folder: string, name: string, value: unknown): Promise<void> =>
  writeFile(join(folder, name), JSON.stringify(value))
