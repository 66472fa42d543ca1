/** What others wrote in a bundle: which packages, their licence texts, and a bill of materials for scanners. */
import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

interface Package {
  readonly name: string
  readonly version: string
  readonly license: string
  readonly folder: string
}

/** The packages of these modules, by name; a module of our own is of none. */
export async function packagesOf(modulePaths: readonly string[]): Promise<readonly Package[]> {
  const found = modulePaths.map((path) => /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(path)?.[0])
  const folders = [...new Set(found)].filter((folder) => folder !== undefined).toSorted()
  return await Promise.all(
    folders.map(async (folder) => {
      const { name, version, license } = JSON.parse(await readFile(`${folder}/package.json`, 'utf8'))
      return { name, version, license, folder }
    }),
  )
}

/** The licence text of each package, as its licence requires. @throws Error where a package has none */
export async function renderLicenses(packages: readonly Package[]): Promise<string> {
  const sections = packages.map(async (one) => {
    const texts = await licenseTexts(one)
    if (texts.length === 0) throw new Error(`${one.name} ${one.version} (${one.license}) has no licence text`)
    return [`==> ${one.name} ${one.version}: ${one.license}`, ...texts].join('\n\n')
  })
  return (await Promise.all(sections)).join('\n')
}

/** Its own files; else the section of its README; else the standard text of each of its licences. */
async function licenseTexts({ folder, license }: Package): Promise<readonly string[]> {
  const files = (await readdir(folder)).filter((file) => /^(?:un)?licen[cs]e|^notice/i.test(file))
  if (files.length > 0) return await Promise.all(files.toSorted().map((file) => readFile(`${folder}/${file}`, 'utf8')))
  const readme = await readFile(`${folder}/README.md`, 'utf8')
  const section = /^(?:#+ *licen[cs]e|licen[cs]e\n-+)\n+(?<text>[\s\S]*?permission[\s\S]*?)(?=^#|$(?![\s\S]))/im.exec(
    readme,
  )
  if (section?.groups?.['text'] !== undefined) return [section.groups['text']]
  const texts = license
    .replaceAll(/[()]/g, '')
    .split(' AND ')
    .map((id) => standardText(id, folder))
  return (await Promise.all(texts)).filter((text) => text !== undefined)
}

async function standardText(license: string, folder: string): Promise<string | undefined> {
  if (license === 'Apache-2.0') return await readFile('LICENSE', 'utf8')
  if (license === 'MIT') return mitText(JSON.parse(await readFile(`${folder}/package.json`, 'utf8')).author)
  // @bufbuild/protobuf has it as the opening comment of the code that it took over.
  if (license !== 'BSD-3-Clause') return undefined
  const source = await readFile(`${folder}/dist/esm/wire/varint.js`, 'utf8')
  const lines = /^(?:\/\/.*\n)+/.exec(source.replace(/^(?:\/\/.*\n)+\n/, ''))?.[0] ?? source
  return /Redistributions of source code/.test(lines) ? lines.replaceAll(/^\/\/ ?/gm, '') : undefined
}

const mitText = (author: string | { readonly name: string }) => `MIT License

Copyright (c) ${typeof author === 'string' ? author : author.name}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation
files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy,
modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the
Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE,
ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`

interface BillOfMaterials {
  serialNumber?: string
  readonly metadata: { timestamp?: string; component: { name: string } }
  components: { readonly 'bom-ref': string; readonly name: string; readonly version: string }[]
  dependencies: { readonly ref: string; dependsOn?: string[] }[]
}

/**
 * A CycloneDX document of the packages in the bundle and of those that npm installs beside it, with hashes and licences by
 * the lockfile. The same sources give the same bytes: it has no serial number and no time.
 * https://cyclonedx.org/specification/overview, https://docs.npmjs.com/cli/commands/npm-sbom
 */
export async function renderBillOfMaterials(packages: readonly Package[], beside: readonly string[]): Promise<string> {
  const npm = process.env['npm_execpath']
  const [command, ...first] = npm === undefined ? ['npm'] : [process.execPath, npm]
  const words = ['sbom', '--sbom-format=cyclonedx', '--sbom-type=application', '--package-lock-only']
  const { stdout } = await promisify(execFile)(command, [...first, ...words], { maxBuffer: 64 * 1024 * 1024 })
  const bill: BillOfMaterials = JSON.parse(stdout)
  await checkDeclared(packages)
  const included = new Set(packages.map(({ name, version }) => `${name}@${version}`))
  bill.components = bill.components.filter(
    (one) => included.has(`${one.name}@${one.version}`) || beside.includes(one.name),
  )
  const references = new Set(bill.components.map((one) => one['bom-ref']))
  bill.dependencies = bill.dependencies
    .filter(({ ref }) => references.has(ref) || ref.startsWith('pullpass@'))
    .map((one) => ({ ...one, dependsOn: (one.dependsOn ?? []).filter((ref) => references.has(ref)) }))
  bill.metadata.component.name = 'pullpass' // npm takes the folder's name
  delete bill.serialNumber
  delete bill.metadata.timestamp
  return `${JSON.stringify(bill, undefined, 2)}\n`
}

/** @throws Error where a package is a development dependency alone: audits without those do not see it */
async function checkDeclared(packages: readonly Package[]): Promise<void> {
  const lock: { readonly packages: Readonly<Record<string, { readonly dev?: boolean }>> } = JSON.parse(
    await readFile('package-lock.json', 'utf8'),
  )
  const undeclared = packages.filter(({ folder }) => {
    const path = folder.replaceAll('\\', '/')
    return lock.packages[path.slice(path.indexOf('node_modules/'))]?.dev !== undefined
  })
  if (undeclared.length === 0) return
  throw new Error(`not declared in "dependencies" of package.json: ${undeclared.map(({ name }) => name).join(', ')}`)
}
