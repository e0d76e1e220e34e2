//! Archives: looked through as a whole before the first file of them is written.

use std::{
	collections::BTreeMap,
	fs::{self, File},
	io::{self, BufReader, Read, Seek, SeekFrom},
	os::unix::fs::PermissionsExt,
	path::{Path, PathBuf},
};

use tar::EntryType;
use zip::{CompressionMethod, ZipArchive};

use super::create;
use crate::{
	engines::EngineError,
	task::{bad, broken, Unpack},
};

/// Most files and folders of an archive.
pub(super) const MAX_MEMBERS: usize = 4_096;
/// Most bytes of a member's path.
const MAX_PATH_BYTES: usize = 1_024;
/// Most parts of a member's path.
const MAX_PARTS: usize = 16;
/// Most bytes of a part.
const MAX_PART_BYTES: usize = 255;
/// Most bytes of a tar archive's extension headers, each.
const MAX_EXTENSION_BYTES: u64 = 8_192;
/// The type of a file in its Unix mode.
const TYPE_BITS: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;

/// What an archive holds, in its order: the path and, of a file, its declared bytes.
type Members = Vec<(PathBuf, Option<u64>)>;

/// Unpacks files and folders to `into`, which must not exist.
///
/// # Errors
///
/// [`millrace_primitives::FailCode::BadInput`] when a member is neither a file nor a folder, leaves the folder, or
/// stands twice; when there are too many; or when they take more than `most` bytes. Nothing is written then, unless the
/// archive lies about its sizes: what was written before that shows stays within `most` bytes.
pub(super) fn unpack(kind: Unpack, archive: &Path, into: &Path, most: u64) -> Result<(), EngineError> {
	let open = || File::open(archive).map_err(broken);
	match kind {
		Unpack::None => Err(broken("no archive")),
		Unpack::Zip => {
			let mut zip = open_zip(open()?)?;
			let members = zip_members(&mut zip)?;
			check(&members, most)?;
			let mut target = Target::new(into, most)?;
			for (at, (path, size)) in members.iter().enumerate() {
				match size {
					None => target.folder(path)?,
					Some(_) => target.file(path, &mut zip.by_index(at).map_err(unreadable)?)?,
				}
			}
			Ok(())
		}
		Unpack::Tar => {
			let members = tar_members(open()?)?;
			check(&members, most)?;
			let mut target = Target::new(into, most)?;
			let mut tar = tar::Archive::new(BufReader::new(open()?));
			let mut members = members.iter();
			for entry in tar.entries().map_err(unreadable)? {
				let mut entry = entry.map_err(unreadable)?;
				if entry.header().entry_type() == EntryType::XGlobalHeader {
					continue;
				}
				match members.next() {
					Some((path, None)) => target.folder(path)?,
					Some((path, Some(_))) => target.file(path, &mut entry)?,
					None => return Err(bad("the archive changed")),
				}
			}
			Ok(())
		}
	}
}

fn unreadable(error: impl std::fmt::Display) -> EngineError {
	bad(format!("the archive can't be read: {error}"))
}

fn too_many() -> EngineError {
	bad(format!("the archive has more than {MAX_MEMBERS} members"))
}

fn open_zip(mut file: File) -> Result<ZipArchive<BufReader<File>>, EngineError> {
	check_count(&mut file)?;
	let mut zip = ZipArchive::new(BufReader::new(file)).map_err(unreadable)?;
	if zip.len() > MAX_MEMBERS {
		return Err(too_many());
	}
	if zip.has_duplicate_names() || zip.has_overlapping_entries().map_err(unreadable)? {
		return Err(bad("members of the archive overlap"));
	}
	Ok(zip)
}

/// Looks at how many members the archive's end declares: a directory of millions, once read, would fill the memory.
fn check_count(file: &mut File) -> Result<(), EngineError> {
	/// The record at the end is followed by a comment of at most 2^16 bytes only.
	const REACH: u64 = 22 + (1 << 16) + 4;
	let length = file.metadata().map_err(broken)?.len();
	file.seek(SeekFrom::Start(length.saturating_sub(REACH))).map_err(broken)?;
	let mut end = Vec::new();
	file.take(REACH).read_to_end(&mut end).map_err(broken)?;
	if end.windows(4).any(|bytes| bytes == b"PK\x06\x07") {
		return Err(bad("the archive has the 64-bit form, for more than any task takes"));
	}
	for record in end.windows(12).filter(|bytes| bytes.starts_with(b"PK\x05\x06")) {
		if usize::from(u16::from_le_bytes([record[10], record[11]])) > MAX_MEMBERS {
			return Err(too_many());
		}
	}
	file.rewind().map_err(broken)
}

fn zip_members(zip: &mut ZipArchive<BufReader<File>>) -> Result<Members, EngineError> {
	let mut members = Members::new();
	for at in 0..zip.len() {
		let member = zip.by_index_raw(at).map_err(unreadable)?;
		let name = member.name().map_err(unreadable)?.into_owned();
		let kind = member.unix_mode().unwrap_or_default() & TYPE_BITS;
		if ![0, REGULAR, FOLDER].contains(&kind) || member.is_symlink() || (kind == FOLDER) && !member.is_dir() {
			return Err(not_plain(&name));
		}
		let method = member.compression();
		if member.encrypted() || ![CompressionMethod::Stored, CompressionMethod::Deflated].contains(&method) {
			return Err(bad(format!(
				"{name:?} in the archive is encrypted, or compressed by other means than deflate"
			)));
		}
		members.push((inside(&name)?, (!member.is_dir()).then(|| member.size())));
	}
	Ok(members)
}

fn tar_members(file: File) -> Result<Members, EngineError> {
	let mut raw = tar::Archive::new(BufReader::new(&file));
	for (at, entry) in raw.entries().map_err(unreadable)?.raw(true).enumerate() {
		let entry = entry.map_err(unreadable)?;
		let kind = entry.header().entry_type();
		let extends = matches!(kind, EntryType::GNULongName | EntryType::XHeader | EntryType::XGlobalHeader);
		let plain = matches!(kind, EntryType::Regular | EntryType::Directory);
		if !(plain || extends && entry.size() <= MAX_EXTENSION_BYTES) {
			return Err(not_plain(&String::from_utf8_lossy(&entry.path_bytes())));
		}
		// Each member may have extension headers of its own.
		if at >= 3 * MAX_MEMBERS {
			return Err(too_many());
		}
	}
	let mut file = file;
	file.rewind().map_err(broken)?;
	let mut members = Members::new();
	let mut tar = tar::Archive::new(BufReader::new(file));
	for entry in tar.entries().map_err(unreadable)? {
		let entry = entry.map_err(unreadable)?;
		let name = String::from_utf8(entry.path_bytes().into_owned())
			.map_err(|_| bad("the archive has a path that is not UTF-8"))?;
		let file = match entry.header().entry_type() {
			EntryType::Directory => None,
			EntryType::Regular => Some(entry.size()),
			// A comment on the whole archive.
			EntryType::XGlobalHeader => continue,
			_ => return Err(not_plain(&name)),
		};
		members.push((inside(&name)?, file));
	}
	Ok(members)
}

fn not_plain(name: &str) -> EngineError {
	bad(format!("{name:?} in the archive is neither a file nor a folder"))
}

/// The path of a member, if it stays inside.
fn inside(name: &str) -> Result<PathBuf, EngineError> {
	let refused =
		|| Err(bad(format!("{:?} in the archive leaves its folder", name.chars().take(80).collect::<String>())));
	if name.len() > MAX_PATH_BYTES || name.starts_with('/') || name.chars().any(|c| c == '\\' || c.is_control()) {
		return refused();
	}
	let parts: Vec<&str> = name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
	if parts.len() > MAX_PARTS || parts.iter().any(|part| *part == ".." || part.len() > MAX_PART_BYTES) {
		return refused();
	}
	Ok(parts.iter().collect())
}

fn check(members: &Members, most: u64) -> Result<(), EngineError> {
	if members.len() > MAX_MEMBERS {
		return Err(too_many());
	}
	let total = members.iter().fold(0u64, |sum, (_, size)| sum.saturating_add(size.unwrap_or_default()));
	if total > most {
		return Err(bad(format!("the archive unpacks to {total} bytes, more than its max_bytes")));
	}
	let mut seen: BTreeMap<&Path, bool> = BTreeMap::new();
	for (path, size) in members {
		let folder = size.is_none();
		let before = seen.insert(path, folder);
		if before.is_some_and(|before| !(before && folder)) || !folder && path.as_os_str().is_empty() {
			return Err(bad(format!("{path:?} stands twice in the archive")));
		}
	}
	for (path, _) in members {
		if path.ancestors().skip(1).any(|above| seen.get(above) == Some(&false)) {
			return Err(bad(format!("{path:?} in the archive is below a file")));
		}
	}
	Ok(())
}

/// Where members are written.
struct Target<'a> {
	into: &'a Path,
	left: u64,
}

impl<'a> Target<'a> {
	fn new(into: &'a Path, most: u64) -> Result<Self, EngineError> {
		make_folder(into).map_err(broken)?;
		Ok(Self { into, left: most })
	}

	fn folder(&self, path: &Path) -> Result<(), EngineError> {
		let mut folder = self.into.to_owned();
		for part in path {
			folder.push(part);
			make_folder(&folder).map_err(broken)?;
		}
		Ok(())
	}

	fn file(&mut self, path: &Path, from: &mut impl Read) -> Result<(), EngineError> {
		if let Some(parent) = path.parent() {
			self.folder(parent)?;
		}
		let mut file = create(&self.into.join(path)).map_err(broken)?;
		// One byte more than may be shows that there is more.
		let mut bounded = from.take(self.left.saturating_add(1));
		let copied = io::copy(&mut bounded, &mut file).map_err(unreadable)?;
		self.left = self.left.checked_sub(copied).ok_or_else(|| bad("the archive holds more than it says"))?;
		Ok(())
	}
}

fn make_folder(path: &Path) -> io::Result<()> {
	match fs::create_dir(path) {
		Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
		Err(error) => Err(error),
		Ok(()) => fs::set_permissions(path, fs::Permissions::from_mode(0o755)),
	}
}
