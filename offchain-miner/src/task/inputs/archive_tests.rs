use std::{
	fs::{self, File},
	io::{Cursor, Write},
	path::Path,
};

use millrace_primitives::FailCode;
use tar::EntryType;
use zip::{write::SimpleFileOptions, CompressionMethod, ZipWriter};

use super::archive::{unpack, MAX_MEMBERS};
use crate::task::Unpack;

/// What comes of an archive: the code of its refusal, and what stands in the folder then.
fn unpacked(kind: Unpack, bytes: &[u8], most: u64) -> (Option<FailCode>, Vec<String>) {
	let dir = tempfile::tempdir().unwrap();
	let archive = dir.path().join("archive");
	fs::write(&archive, bytes).unwrap();
	let into = dir.path().join("into");
	let code = unpack(kind, &archive, &into, most).err().map(|error| error.code);
	let mut found = Vec::new();
	list(&into, &into, &mut found);
	let beside: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
	assert!(beside.iter().all(|name| name == "archive" || name == "into"), "{beside:?}");
	(code, found)
}

fn list(root: &Path, folder: &Path, found: &mut Vec<String>) {
	for entry in fs::read_dir(folder).into_iter().flatten() {
		let path = entry.unwrap().path();
		found.push(path.strip_prefix(root).unwrap().display().to_string());
		if path.is_dir() {
			list(root, &path, found);
		}
	}
	found.sort();
}

fn refused(kind: Unpack, bytes: &[u8], most: u64) {
	assert_eq!(unpacked(kind, bytes, most), (Some(FailCode::BadInput), Vec::new()));
}

fn zip_of(members: &[(&str, &[u8])]) -> Vec<u8> {
	let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
	for (name, bytes) in members {
		zip.start_file(*name, SimpleFileOptions::default().compression_method(CompressionMethod::Deflated)).unwrap();
		zip.write_all(bytes).unwrap();
	}
	zip.finish().unwrap().into_inner()
}

/// A tar archive whose names are written as they are, however bad.
fn tar_of(members: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
	let mut tar = tar::Builder::new(Vec::new());
	for (name, kind, bytes) in members {
		let mut header = tar::Header::new_gnu();
		header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
		header.set_entry_type(*kind);
		header.set_size(bytes.len() as u64);
		header.set_mode(0o777);
		if matches!(kind, EntryType::Symlink | EntryType::Link) {
			header.set_link_name("/etc/passwd").unwrap();
		}
		header.set_cksum();
		tar.append(&header, *bytes).unwrap();
	}
	tar.into_inner().unwrap()
}

#[test]
fn archive_should_be_unpacked_when_it_is_harmless() {
	let zip = zip_of(&[("a/b.txt", b"hello"), ("c", b"")]);
	assert_eq!(unpacked(Unpack::Zip, &zip, 5), (None, vec!["a".into(), "a/b.txt".into(), "c".into()]));
	let tar = tar_of(&[
		("./", EntryType::Directory, b""),
		("./a/", EntryType::Directory, b""),
		("./a/b.txt", EntryType::Regular, b"hello"),
	]);
	assert_eq!(unpacked(Unpack::Tar, &tar, 5), (None, vec!["a".into(), "a/b.txt".into()]));
}

#[test]
fn archive_should_be_unpacked_when_a_name_needs_an_extension() {
	let mut tar = tar::Builder::new(Vec::new());
	let long = format!("{}/{}", "a".repeat(120), "b".repeat(120));
	let mut header = tar::Header::new_gnu();
	header.set_size(2);
	header.set_mode(0o600);
	tar.append_data(&mut header, &long, &b"hi"[..]).unwrap();
	let (code, found) = unpacked(Unpack::Tar, &tar.into_inner().unwrap(), 2);
	assert_eq!((code, found.last()), (None, Some(&long)));
}

#[test]
fn file_should_lose_its_mode_when_it_is_unpacked() {
	use std::os::unix::fs::PermissionsExt;
	let dir = tempfile::tempdir().unwrap();
	let archive = dir.path().join("archive");
	fs::write(&archive, tar_of(&[("x", EntryType::Regular, b"#!/bin/sh")])).unwrap();
	unpack(Unpack::Tar, &archive, &dir.path().join("into"), 100).unwrap();
	let mode = fs::metadata(dir.path().join("into/x")).unwrap().permissions().mode();
	assert_eq!(mode & 0o7777, 0o644);
}

#[test]
fn archive_should_be_refused_when_a_member_leaves_its_folder() {
	for name in ["../x", "a/../../x", "..", "/etc/x", "a\\..\\x", "a/..", &"a/".repeat(20), &"x".repeat(256)] {
		refused(Unpack::Zip, &zip_of(&[("good", b"1"), (name, b"x")]), 100);
		if name.len() < 100 {
			refused(Unpack::Tar, &tar_of(&[("good", EntryType::Regular, b"1"), (name, EntryType::Regular, b"x")]), 100);
		}
	}
}

#[test]
fn archive_should_be_refused_when_a_member_is_neither_file_nor_folder() {
	let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
	zip.start_file("good", SimpleFileOptions::default()).unwrap();
	zip.add_symlink("link", "/etc/passwd", SimpleFileOptions::default()).unwrap();
	refused(Unpack::Zip, &zip.finish().unwrap().into_inner(), 100);
	for kind in [
		EntryType::Symlink,
		EntryType::Link,
		EntryType::Fifo,
		EntryType::Char,
		EntryType::Block,
		EntryType::GNUSparse,
		EntryType::Continuous,
	] {
		refused(Unpack::Tar, &tar_of(&[("good", EntryType::Regular, b"1"), ("x", kind, b"")]), 100);
	}
}

#[test]
fn archive_should_be_refused_when_it_is_a_bomb() {
	let zeros = vec![0; 10_000_000];
	let zip = zip_of(&[("zeros", &zeros)]);
	assert!(zip.len() < 20_000, "{}", zip.len());
	refused(Unpack::Zip, &zip, 9_999_999);
	assert_eq!(unpacked(Unpack::Zip, &zip, 10_000_000).0, None);
	// Ten times a tenth.
	let part = &zeros[..1_000_000];
	let names: Vec<String> = (0..10).map(|at| at.to_string()).collect();
	let members: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), part)).collect();
	refused(Unpack::Zip, &zip_of(&members), 9_999_999);
}

#[test]
fn archive_should_be_cut_off_when_it_lies_about_its_size() {
	let mut zip = zip_of(&[("zeros", &[0; 1_000_000])]);
	// The declared size, in the local header and in the directory.
	let declared = 1_000_000u32.to_le_bytes();
	let places: Vec<usize> = (0..zip.len() - 4).filter(|at| zip[*at..at + 4] == declared).collect();
	assert!(!places.is_empty());
	for at in places {
		zip[at..at + 4].copy_from_slice(&10u32.to_le_bytes());
	}
	let dir = tempfile::tempdir().unwrap();
	let archive = dir.path().join("archive");
	File::create(&archive).unwrap().write_all(&zip).unwrap();
	let error = unpack(Unpack::Zip, &archive, &dir.path().join("into"), 1_000).unwrap_err();
	assert_eq!(error.code, FailCode::BadInput);
	let written = fs::metadata(dir.path().join("into/zeros")).map_or(0, |found| found.len());
	assert!(written <= 1_001, "{written}");
}

#[test]
fn archive_should_be_refused_when_it_has_too_many_members() {
	let names: Vec<String> = (0..=MAX_MEMBERS).map(|at| at.to_string()).collect();
	let members: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
	refused(Unpack::Zip, &zip_of(&members), 100);
	let members: Vec<_> = names.iter().map(|name| (name.as_str(), EntryType::Regular, &b""[..])).collect();
	refused(Unpack::Tar, &tar_of(&members), 100);
}

#[test]
fn archive_should_be_refused_when_a_path_stands_twice_or_below_a_file() {
	let twice = |a, b| tar_of(&[(a, EntryType::Regular, &b"1"[..]), (b, EntryType::Regular, b"2")]);
	refused(Unpack::Tar, &twice("x", "x"), 100);
	refused(Unpack::Tar, &twice("x", "./x"), 100);
	refused(Unpack::Tar, &twice("x", "x/y"), 100);
	refused(Unpack::Tar, &twice("x/y", "x"), 100);
	refused(Unpack::Zip, &zip_of(&[("x", b"1"), ("./x", b"2")]), 100);
}

#[test]
fn archive_should_be_refused_when_it_is_none() {
	for kind in [Unpack::Zip, Unpack::Tar] {
		refused(kind, &[0x50; 2_000], 100);
	}
	refused(Unpack::Zip, b"", 100);
}

#[test]
fn archive_should_be_refused_when_an_extension_is_large() {
	let long = "x".repeat(10_000);
	let tar = tar_of(&[("././@LongLink", EntryType::GNULongName, long.as_bytes()), ("x", EntryType::Regular, b"1")]);
	refused(Unpack::Tar, &tar, 100_000);
}
