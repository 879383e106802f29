import { BlockList, isIP } from 'node:net';

// Addresses that a registered URL may never lead to: the node itself, and what cloud metadata services answer on.
// Sources: RFC 6890 (special-purpose registries), RFC 4291, RFC 3927; 100.100.100.200 is the metadata address of Alibaba Cloud, 168.63.129.16
// Azure's host agent, fd00:ec2::254 and fd20:ce::254 the IPv6 metadata addresses of AWS and Google Cloud.
const V4 = [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['100.100.100.200', 32],
  ['168.63.129.16', 32],
] as const;
const V6 = [
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
  ['fd00:ec2::254', 128],
  ['fd20:ce::254', 128],
  // 6to4 and Teredo carry an IPv4 address in the middle and are deprecated (RFC 7526): refused whole.
  ['2002::', 16],
  ['2001::', 32],
] as const;
// Prefixes that are followed by the IPv4 address where the packet ends: compatible (::1 is in it), mapped, translated, NAT64 (RFC 6052).
const EMBEDDING = ['::', '::ffff:', '::ffff:0:', '64:ff9b::'];

function refusedAddresses(): BlockList {
  const list = new BlockList();
  for (const [net, prefix] of V4) {
    list.addSubnet(net, prefix, 'ipv4');
    for (const embedding of EMBEDDING) list.addSubnet(`${embedding}${net}`, 96 + prefix, 'ipv6');
  }
  for (const [net, prefix] of V6) list.addSubnet(net, prefix, 'ipv6');
  return list;
}

const REFUSED = refusedAddresses();

/** Whether a registered Service or URL may lead to this address. Asked of the address itself, after resolution, never of a name. */
export function mayCall(address: string): boolean {
  const bare = address.split('%')[0] ?? '';
  const family = isIP(bare);
  return family !== 0 && !REFUSED.check(bare, family === 4 ? 'ipv4' : 'ipv6');
}
