//! The structure of a zip, byte by byte: end record, central directory, local headers, nothing between them.

use std::io::{ErrorKind, Read, Seek, SeekFrom};

use super::{ContainerError, damaged, printable};
use crate::names;

const END: u32 = 0x0605_4b50;
const END_64: u32 = 0x0606_4b50;
const LOCATOR_64: u32 = 0x0706_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const LOCAL: u32 = 0x0403_4b50;
const DESCRIPTOR: u32 = 0x0807_4b50;

const END_LENGTH: u64 = 22;
const LOCATOR_LENGTH: u64 = 20;
const END_64_LENGTH: u64 = 56;

/// The largest central directory that is read, in bytes.
const MAX_DIRECTORY: u64 = 1024 * 1024 * 1024;

/// An entry as both headers describe it.
pub(super) struct Listed {
    pub(super) name: String,
    /// Unpacked, in bytes.
    pub(super) size: u64,
    /// In the zip, in bytes.
    pub(super) packed: u64,
    /// First byte of the packed content.
    pub(super) data: u64,
    pub(super) method: u16,
    pub(super) crc: u32,
    offset: u64,
    flags: u16,
}

/// Little-endian numbers from a buffer, never beyond its end.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn bytes(&mut self, count: usize) -> Result<&'a [u8], ContainerError> {
        let (head, tail) = self.0.split_at_checked(count).ok_or_else(|| damaged("a header is cut short".to_owned()))?;
        self.0 = tail;
        Ok(head)
    }

    fn number(&mut self, count: usize) -> Result<u64, ContainerError> {
        Ok(self.bytes(count)?.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn u16(&mut self) -> Result<u16, ContainerError> {
        Ok(u16::try_from(self.number(2)?).unwrap_or(u16::MAX))
    }

    fn u32(&mut self) -> Result<u32, ContainerError> {
        Ok(u32::try_from(self.number(4)?).unwrap_or(u32::MAX))
    }

    fn u64(&mut self) -> Result<u64, ContainerError> {
        self.number(8)
    }
}

/// All entries, in the order of their content, once everything is in its place.
pub(super) fn read(reader: &mut (impl Read + Seek)) -> Result<Vec<Listed>, ContainerError> {
    let length = reader.seek(SeekFrom::End(0)).map_err(ContainerError::Io)?;
    let (start, end, count) = find_directory(reader, length)?;
    if count > names::MAX_ENTRIES as u64 || end - start > MAX_DIRECTORY {
        return Err(damaged(format!("it has {count} entries, more than any package")));
    }
    let buffer = read_at(reader, start, end - start)?;
    let mut fields = Fields(&buffer);
    let mut entries = Vec::new();
    while !fields.0.is_empty() {
        entries.push(central(&mut fields)?);
    }
    if entries.len() as u64 != count {
        return Err(damaged(format!("its end record counts {count} entries, its directory has {}", entries.len())));
    }
    drop(buffer);
    entries.sort_unstable_by_key(|entry| entry.offset);
    let nexts: Vec<u64> = entries.iter().skip(1).map(|entry| entry.offset).chain([start]).collect();
    let mut header = Vec::new();
    let mut expected = 0;
    for (entry, next) in entries.iter_mut().zip(nexts) {
        if entry.offset != expected {
            return Err(damaged(format!("bytes {expected} to {} belong to no entry", entry.offset)));
        }
        expected = local(reader, entry, next, &mut header)?;
    }
    if expected != start {
        return Err(damaged(format!("bytes {expected} to {start} belong to no entry")));
    }
    Ok(entries)
}

/// First byte, end and entry count of the central directory.
fn find_directory(reader: &mut (impl Read + Seek), length: u64) -> Result<(u64, u64, u64), ContainerError> {
    let Some(end_at) = length.checked_sub(END_LENGTH) else { return Err(ContainerError::NotAZip) };
    let buffer = read_at(reader, end_at, END_LENGTH)?;
    let mut fields = Fields(&buffer);
    if fields.u32()? != END {
        let head = read_at(reader, 0, 2)?;
        return Err(if head == b"PK" {
            damaged("it does not end with its directory: cut short, or something was appended".to_owned())
        } else {
            ContainerError::NotAZip
        });
    }
    let disks = (fields.u16()?, fields.u16()?);
    let (count_here, count) = (u64::from(fields.u16()?), u64::from(fields.u16()?));
    let (size, start) = (u64::from(fields.u32()?), u64::from(fields.u32()?));
    if disks != (0, 0) || count_here != count || fields.u16()? != 0 {
        return Err(damaged("its end record has a comment or several disks".to_owned()));
    }
    let (start, size, count, end) = match find_directory_64(reader, end_at)? {
        None => (start, size, count, end_at),
        Some((start_64, size_64, count_64, record_at)) => {
            let agree = |small: u64, mark: u64, large: u64| small == mark || small == large;
            let mark = u64::from(u32::MAX);
            if !agree(start, mark, start_64)
                || !agree(size, mark, size_64)
                || !agree(count, u64::from(u16::MAX), count_64)
            {
                return Err(damaged("its two end records contradict each other".to_owned()));
            }
            (start_64, size_64, count_64, record_at)
        }
    };
    if start.checked_add(size) != Some(end) {
        return Err(damaged("its directory does not stand right before its end record".to_owned()));
    }
    Ok((start, end, count))
}

/// Start, size and count from the records for large zips, and where these records begin; `None` if there are none.
fn find_directory_64(
    reader: &mut (impl Read + Seek),
    end_at: u64,
) -> Result<Option<(u64, u64, u64, u64)>, ContainerError> {
    let Some(locator_at) = end_at.checked_sub(LOCATOR_LENGTH) else { return Ok(None) };
    let buffer = read_at(reader, locator_at, LOCATOR_LENGTH)?;
    let mut fields = Fields(&buffer);
    if fields.u32()? != LOCATOR_64 {
        return Ok(None);
    }
    let odd = || damaged("its records for large zips are malformed".to_owned());
    let disk = fields.u32()?;
    let record_at = fields.u64()?;
    if disk != 0 || fields.u32()? != 1 || record_at.checked_add(END_64_LENGTH) != Some(locator_at) {
        return Err(odd());
    }
    let buffer = read_at(reader, record_at, END_64_LENGTH)?;
    let mut fields = Fields(&buffer);
    if fields.u32()? != END_64 || fields.u64()? != END_64_LENGTH - 12 {
        return Err(odd());
    }
    fields.bytes(4)?;
    let disks = (fields.u32()?, fields.u32()?);
    let (count_here, count, size, start) = (fields.u64()?, fields.u64()?, fields.u64()?, fields.u64()?);
    if disks != (0, 0) || count_here != count { Err(odd()) } else { Ok(Some((start, size, count, record_at))) }
}

fn central(fields: &mut Fields<'_>) -> Result<Listed, ContainerError> {
    if fields.u32()? != CENTRAL {
        return Err(damaged("its directory has something that is no entry".to_owned()));
    }
    fields.bytes(4)?;
    let (flags, method) = (fields.u16()?, fields.u16()?);
    fields.bytes(4)?;
    let crc = fields.u32()?;
    let (packed, size) = (u64::from(fields.u32()?), u64::from(fields.u32()?));
    let (name_length, extra_length, comment_length) = (fields.u16()?, fields.u16()?, fields.u16()?);
    let disk = fields.u16()?;
    fields.bytes(6)?;
    let offset = u64::from(fields.u32()?);
    let name = fields.bytes(usize::from(name_length))?;
    let extra = fields.bytes(usize::from(extra_length))?;
    let name = std::str::from_utf8(name).map_err(|_| damaged("an entry's name is not ASCII".to_owned()))?.to_owned();
    if !name.is_ascii() || comment_length != 0 || disk != 0 {
        return Err(damaged(format!("entry `{}` has a comment or an odd name", printable(&name))));
    }
    // Encryption and patch data are refused; sizes after the data, deflate's hint bits and UTF-8 names are common.
    if flags & !0b1000_0000_1110 != 0 || !matches!(method, 0 | 8) {
        return Err(damaged(format!("entry `{}` is packed in a way that is not allowed", printable(&name))));
    }
    let (size, packed, offset) = large(extra, &name, size, packed, offset)?;
    Ok(Listed { name, size, packed, data: 0, method, crc, offset, flags })
}

/// Sizes and offset, from the extra field where the header has no room. Fields that could rename an entry are refused.
fn large(extra: &[u8], name: &str, size: u64, packed: u64, offset: u64) -> Result<(u64, u64, u64), ContainerError> {
    let mark = u64::from(u32::MAX);
    let (mut size, mut packed, mut offset) = (size, packed, offset);
    let mut fields = Fields(extra);
    while !fields.0.is_empty() {
        let (id, length) = (fields.u16()?, fields.u16()?);
        let mut content = Fields(fields.bytes(usize::from(length))?);
        match id {
            0x0001 => {
                for value in [&mut size, &mut packed, &mut offset] {
                    if *value == mark {
                        *value = content.u64()?;
                    }
                }
                // A number that no header asks for is one that some programs read and others do not.
                if !content.0.is_empty() {
                    return Err(damaged(format!("entry `{}` has an extra field that nothing needs", printable(name))));
                }
            }
            // Times and user ids as other tools write them.
            0x000a | 0x5455 | 0x5855 | 0x7855 | 0x7875 => {}
            _ => return Err(damaged(format!("entry `{}` has an extra field that is not allowed", printable(name)))),
        }
    }
    Ok((size, packed, offset))
}

/// Room for what our own writer puts behind a name, so that a header is one read; less than any directory has bytes.
const USUAL_EXTRA: usize = 28;

/// Checks an entry's local header against the directory and notes where its content is; gives the first byte after the
/// entry. `header` is a buffer to use again.
fn local(
    reader: &mut (impl Read + Seek),
    entry: &mut Listed,
    next: u64,
    header: &mut Vec<u8>,
) -> Result<u64, ContainerError> {
    let contradiction =
        |name: &str| damaged(format!("entry `{}` says different things in its two headers", printable(name)));
    read_into(reader, entry.offset, 30 + entry.name.len() + USUAL_EXTRA, header)?;
    let mut fields = Fields(header);
    if fields.u32()? != LOCAL {
        return Err(contradiction(&entry.name));
    }
    fields.bytes(2)?;
    let (flags, method) = (fields.u16()?, fields.u16()?);
    fields.bytes(4)?;
    let crc = fields.u32()?;
    let (packed, size) = (u64::from(fields.u32()?), u64::from(fields.u32()?));
    let (name_length, extra_length) = (fields.u16()?, fields.u16()?);
    let rest = usize::from(name_length) + usize::from(extra_length);
    let longer;
    if fields.0.len() < rest {
        longer = read_at(reader, entry.offset + 30, rest as u64)?;
        fields = Fields(&longer);
    }
    let name = fields.bytes(usize::from(name_length))?;
    let (size, packed, _) = large(fields.bytes(usize::from(extra_length))?, &entry.name, size, packed, 0)?;
    let streamed = entry.flags & 0b1000 != 0;
    let same = (crc, size, packed) == (entry.crc, entry.size, entry.packed);
    // Info-ZIP, writing into a pipe, knows the size beforehand and nothing else.
    let unset = streamed && (crc, packed) == (0, 0) && (size == 0 || size == entry.size);
    if flags != entry.flags || method != entry.method || name != entry.name.as_bytes() || !(same || unset) {
        return Err(contradiction(&entry.name));
    }
    entry.data = entry.offset + 30 + rest as u64;
    let end = entry.data.checked_add(entry.packed).filter(|end| *end <= next);
    let end = end.ok_or_else(|| contradiction(&entry.name))?;
    if !streamed {
        return Ok(end);
    }
    let length = next - end;
    if !matches!(length, 12 | 16 | 20 | 24) {
        return Err(contradiction(&entry.name));
    }
    let buffer = read_at(reader, end, length)?;
    let mut fields = Fields(&buffer);
    if matches!(length, 16 | 24) && fields.u32()? != DESCRIPTOR {
        return Err(contradiction(&entry.name));
    }
    let width = if length < 20 { 4 } else { 8 };
    let said = (fields.u32()?, fields.number(width)?, fields.number(width)?);
    if said == (entry.crc, entry.packed, entry.size) { Ok(next) } else { Err(contradiction(&entry.name)) }
}

fn read_at(reader: &mut (impl Read + Seek), offset: u64, length: u64) -> Result<Vec<u8>, ContainerError> {
    let mut buffer = Vec::new();
    read_into(reader, offset, usize::try_from(length).unwrap_or(usize::MAX), &mut buffer)?;
    Ok(buffer)
}

/// Callers ask for no more than a file of this length can have.
fn read_into(
    reader: &mut (impl Read + Seek),
    offset: u64,
    length: usize,
    buffer: &mut Vec<u8>,
) -> Result<(), ContainerError> {
    reader.seek(SeekFrom::Start(offset)).map_err(ContainerError::Io)?;
    buffer.resize(length, 0);
    reader.read_exact(buffer).map_err(|fault| match fault.kind() {
        ErrorKind::UnexpectedEof => damaged("it is cut short".to_owned()),
        _ => ContainerError::Io(fault),
    })
}
