//! Which addresses an input may come from.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address is one of the public Internet: not of this machine, of a private, shared or local network, of a
/// group, of a transition mechanism that hides another address, or set apart for documents and tests.
pub fn is_public(address: IpAddr) -> bool {
	match address {
		IpAddr::V4(address) => is_public_v4(address),
		IpAddr::V6(address) => is_public_v6(address),
	}
}

fn is_public_v4(address: Ipv4Addr) -> bool {
	let octets = address.octets();
	let special = match octets {
		[0, ..] => true,
		[100, second, ..] => second & 0xc0 == 64,
		[192, 0, 0, _] | [192, 88, 99, _] => true,
		[198, second, ..] => second & 0xfe == 18,
		[first, ..] => first >= 240,
	};
	!(special
		|| address.is_private()
		|| address.is_loopback()
		|| address.is_link_local()
		|| address.is_multicast()
		|| address.is_broadcast()
		|| address.is_documentation())
}

/// Only 2000::/3 is global unicast; in it are Teredo and other special blocks, 6to4, and the ranges for documents. What
/// maps or translates IPv4 is outside, so that no private address hides there.
fn is_public_v6(address: Ipv6Addr) -> bool {
	let [first, second, ..] = address.segments();
	let special = match (first, second) {
		(0x2001, second) => second < 0x200 || second == 0xdb8,
		(0x2002, _) => true,
		(0x3fff, second) => second < 0x1000,
		_ => false,
	};
	first & 0xe000 == 0x2000 && !special
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn address_should_be_refused_when_it_is_not_of_the_public_internet() {
		for text in [
			"127.0.0.1",
			"127.9.9.9",
			"0.0.0.0",
			"0.1.2.3",
			"10.0.0.1",
			"172.16.0.1",
			"172.31.255.255",
			"192.168.1.1",
			"169.254.169.254",
			"100.64.0.1",
			"100.127.255.255",
			"192.0.0.8",
			"192.0.2.1",
			"198.18.0.1",
			"198.19.255.255",
			"198.51.100.7",
			"203.0.113.9",
			"224.0.0.1",
			"240.0.0.1",
			"255.255.255.255",
			"192.88.99.1",
			"::",
			"::1",
			"::ffff:127.0.0.1",
			"::ffff:8.8.8.8",
			"::7f00:1",
			"64:ff9b::7f00:1",
			"64:ff9b:1::1",
			"fe80::1",
			"fc00::1",
			"fd12:3456::1",
			"ff02::1",
			"2001:db8::1",
			"2001::1",
			"2002:7f00:1::",
			"100::1",
			"3fff::1",
			"5f00::1",
		] {
			assert!(!is_public(text.parse().unwrap()), "{text}");
		}
	}

	#[test]
	fn address_should_be_taken_when_it_is_of_the_public_internet() {
		for text in ["8.8.8.8", "1.1.1.1", "100.128.0.1", "172.32.0.1", "198.20.0.1", "2606:4700::1111", "2a00:1450::1"]
		{
			assert!(is_public(text.parse().unwrap()), "{text}");
		}
	}
}
