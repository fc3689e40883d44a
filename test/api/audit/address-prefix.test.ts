// Addresses by whom they are counted against.
import { expect } from 'chai'
import { addressPrefix } from '../../../api/audit/address-prefix.ts'

describe('addressPrefix', () => {
  it('is an address of version 4, also of one that is written as version 6, and a network of version 6', () => {
    expect(addressPrefix('192.0.2.7')).to.equal('192.0.2.7')
    expect(addressPrefix('::ffff:192.0.2.7')).to.equal('192.0.2.7')
    expect(addressPrefix('2001:db8:1:2:3:4:5:6')).to.equal('2001:db8:1:2::/64')
    expect(addressPrefix('2001:db8:1:2::1')).to.equal('2001:db8:1:2::/64')
    expect(addressPrefix('::1')).to.equal('0:0:0:0::/64')
  })

  it('takes what isn’t an address as it is', () => {
    expect([addressPrefix(undefined), addressPrefix('x')]).to.deep.equal(['unknown', 'x'])
  })
})
