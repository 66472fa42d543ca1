/** Packs text files into a tar archive in the ustar format (POSIX.1-2017, pax, "ustar Interchange Format"). */

const blockBytes = 512

/** Names of at most 100 bytes; owner root, mode 0644, modified at the epoch. */
export function packTar(files: Readonly<Record<string, string>>): Buffer {
  const entries = Object.entries(files).flatMap(([name, text]) => {
    const content = Buffer.from(text)
    const padding = Buffer.alloc((blockBytes - (content.length % blockBytes)) % blockBytes)
    return [header(name, content.length), content, padding]
  })
  return Buffer.concat([...entries, Buffer.alloc(2 * blockBytes)])
}

function header(name: string, size: number): Buffer {
  const block = Buffer.alloc(blockBytes)
  block.write(name, 0)
  block.write('0000644\0', 100) // mode
  block.write('0000000\0', 108) // user
  block.write('0000000\0', 116) // group
  block.write(`${octal(size)}\0`, 124)
  block.write(`${octal(0)}\0`, 136) // time
  block.write(' '.repeat(8), 148) // the checksum is computed as if its own field were blank
  block.write('0', 156) // a regular file
  block.write('ustar\x0000', 257)
  const checksum = block.reduce((sum, byte) => sum + byte, 0)
  block.write(`${octal(checksum).slice(-6)}\0 `, 148)
  return block
}

const octal = (value: number) => value.toString(8).padStart(11, '0')
