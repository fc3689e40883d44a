// Published vectors of AES-256-GCM with a 96-bit IV and a 128-bit tag: test cases 13 to 16 of McGrew and Viega, “The
// Galois/Counter Mode of Operation”, and of NIST's CAVS file gcmEncryptExtIV256.rsp one or two of several groups.

export interface GcmVector {
  readonly name: string
  readonly key: string
  readonly iv: string
  readonly plaintext: string
  readonly aad: string
  readonly ciphertext: string
  readonly tag: string
}

const vector = (name: string, [key, iv, plaintext, aad, ciphertext, tag]: readonly string[]): GcmVector => ({
  name,
  key: key ?? '',
  iv: iv ?? '',
  plaintext: plaintext ?? '',
  aad: aad ?? '',
  ciphertext: ciphertext ?? '',
  tag: tag ?? '',
})

const zeroKey = '0'.repeat(64)
const zeroIv = '0'.repeat(24)
const longKey = 'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308'
const longIv = 'cafebabefacedbaddecaf888'
const longText =
  'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255'
const longCipher =
  '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad'

export const gcmVectors: readonly GcmVector[] = [
  vector('McGrew-Viega 13', [zeroKey, zeroIv, '', '', '', '530f8afbc74536b9a963b4f1c4cb738b']),
  vector('McGrew-Viega 14', [
    zeroKey,
    zeroIv,
    '0'.repeat(32),
    '',
    'cea7403d4d606b6e074ec5d3baf39d18',
    'd0d1c8a799996bf0265b98b5d48ab919',
  ]),
  vector('McGrew-Viega 15', [longKey, longIv, longText, '', longCipher, 'b094dac5d93471bdec1a502270e3cc6c']),
  vector('McGrew-Viega 16', [
    longKey,
    longIv,
    longText.slice(0, 120),
    'feedfacedeadbeeffeedfacedeadbeefabaddad2',
    longCipher.slice(0, 120),
    '76fc6ece0f4e1768cddf8853bb2d551b',
  ]),
  vector('CAVS, no text, no AAD, 0', [
    'b52c505a37d78eda5dd34f20c22540ea1b58963cf8e5bf8ffa85f9f2492505b4',
    '516c33929df5a3284ff463d7',
    '',
    '',
    '',
    'bdc1ac884d332457a1d2664f168c76f0',
  ]),
  vector('CAVS, no text, no AAD, 1', [
    '5fe0861cdc2690ce69b3658c7f26f8458eec1c9243c5ba0845305d897e96ca0f',
    '770ac1a5a3d476d5d96944a1',
    '',
    '',
    '',
    '196d691e1047093ca4b3d2ef4baba216',
  ]),
  vector('CAVS, AAD alone, 0', [
    '78dc4e0aaf52d935c3c01eea57428f00ca1fd475f5da86a49c8dd73d68c8e223',
    'd79cf22d504cc793c3fb6c8a',
    '',
    'b96baa8c1c75a671bfb2d08d06be5f36',
    '',
    '3e5d486aa2e30b22e040b85723a06e76',
  ]),
  vector('CAVS, AAD alone, 1', [
    '4457ff33683cca6ca493878bdc00373893a9763412eef8cddb54f91318e0da88',
    '699d1f29d7b8c55300bb1fd2',
    '',
    '6749daeea367d0e9809e2dc2f309e6e3',
    '',
    'd60c74d2517fde4a74e0cd4709ed43a9',
  ]),
  vector('CAVS, one block, 0', [
    '31bdadd96698c204aa9ce1448ea94ae1fb4a9a0b3c9d773b51bb1822666b8f22',
    '0d18e06c7c725ac9e362e1ce',
    '2db5168e932556f8089a0622981d017d',
    '',
    'fa4362189661d163fcd6a56d8bf0405a',
    'd636ac1bbedd5cc3ee727dc2ab4a9489',
  ]),
  vector('CAVS, one block, 1', [
    '460fc864972261c2560e1eb88761ff1c992b982497bd2ac36c04071cbb8e5d99',
    '8a4a16b9e210eb68bcb6f58d',
    '99e4e926ffe927f691893fb79a96b067',
    '',
    '133fc15751621b5f325c7ff71ce08324',
    'ec4e87e0cf74a13618d0b68636ba9fa7',
  ]),
  vector('CAVS, 51 bytes and 20 of AAD', [
    '24501ad384e473963d476edcfe08205237acfd49b5b8f33857f8114e863fec7f',
    '9ff18563b978ec281b3f2794',
    '27f348f9cdc0c5bd5e66b1ccb63ad920ff2219d14e8d631b3872265cf117ee86757accb158bd9abb3868fdc0d0b074b5f01b2c',
    'adb5ec720ccf9898500028bf34afccbcaca126ef',
    'eb7cb754c824e8d96f7c6d9b76c7d26fb874ffbf1d65c6f64a698d839b0b06145dae82057ad55994cf59ad7f67c0fa5e85fab8',
    'bc95c532fecc594c36d1550286a7a3f0',
  ]),
  vector('CAVS, 13 bytes, 0', [
    '82c4f12eeec3b2d3d157b0f992d292b237478d2cecc1d5f161389b97f999057a',
    '7b40b20f5f397177990ef2d1',
    '982a296ee1cd7086afad976945',
    '',
    'ec8e05a0471d6b43a59ca5335f',
    '113ddeafc62373cac2f5951bb9165249',
  ]),
  vector('CAVS, 13 bytes, 1', [
    'db4340af2f835a6c6d7ea0ca9d83ca81ba02c29b7410f221cb6071114e393240',
    '40e438357dd80a85cac3349e',
    '8ddb3397bd42853193cb0f80c9',
    '',
    'b694118c85c41abf69e229cb0f',
    'c07f1b8aafbd152f697eb67f2a85fe45',
  ]),
]
