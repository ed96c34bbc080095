//! Zips made by hand, in which everything may be wrong.

use std::io::Write;

use crate::support::Entries;

pub fn parts(entries: &Entries) -> Vec<Part> {
    entries.iter().map(|(name, bytes)| Part::new(name, bytes)).collect()
}

/// An entry with everything an attacker may want to choose.
#[derive(Clone)]
pub struct Part {
    pub name: Vec<u8>,
    pub local_name: Option<Vec<u8>>,
    pub packed: Vec<u8>,
    pub size: u32,
    pub local_size: Option<u32>,
    pub crc: u32,
    pub flags: u16,
    pub method: u16,
    pub extra: Vec<u8>,
    pub comment: Vec<u8>,
    /// Where the directory says it is; such a part has no bytes of its own.
    pub offset: Option<u32>,
}

impl Part {
    pub fn new(name: &str, bytes: &[u8]) -> Self {
        Self {
            name: name.as_bytes().to_vec(),
            local_name: None,
            packed: bytes.to_vec(),
            size: u32::try_from(bytes.len()).unwrap(),
            local_size: None,
            crc: crc32(bytes),
            flags: 0,
            method: 0,
            extra: Vec::new(),
            comment: Vec::new(),
            offset: None,
        }
    }

    /// Packs the bytes, as the library we write with does.
    pub fn deflate(&mut self) {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        zip.start_file("x", zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(&self.packed).unwrap();
        let zip = zip.finish().unwrap().into_inner();
        let header = 30
            + usize::from(u16::from_le_bytes([zip[26], zip[27]]))
            + usize::from(u16::from_le_bytes([zip[28], zip[29]]));
        self.packed = zip[header..directory(&zip)].to_vec();
        self.method = 8;
    }

    /// What both headers have in common; the sizes may differ.
    fn shared(&self, size: u32, name: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for word in [20, self.flags, self.method, 0, 0x21] {
            out.extend(word.to_le_bytes());
        }
        for word in [self.crc, u32::try_from(self.packed.len()).unwrap(), size] {
            out.extend(word.to_le_bytes());
        }
        for length in [name.len(), self.extra.len()] {
            out.extend(u16::try_from(length).unwrap().to_le_bytes());
        }
        out
    }
}

pub fn build(parts: &[Part]) -> Vec<u8> {
    build_after(&[], parts)
}

pub fn build_after(lead: &[u8], parts: &[Part]) -> Vec<u8> {
    let (mut out, mut central) = (lead.to_vec(), Vec::new());
    for part in parts {
        let offset = part.offset.unwrap_or_else(|| u32::try_from(out.len()).unwrap());
        if part.offset.is_none() {
            let name = part.local_name.as_ref().unwrap_or(&part.name);
            out.extend(b"PK\x03\x04");
            out.extend(part.shared(part.local_size.unwrap_or(part.size), name));
            out.extend([name.as_slice(), &part.extra, &part.packed].concat());
        }
        central.extend(b"PK\x01\x02\x14\0");
        central.extend(part.shared(part.size, &part.name));
        central.extend(u16::try_from(part.comment.len()).unwrap().to_le_bytes());
        central.extend([0; 8]);
        central.extend(offset.to_le_bytes());
        central.extend([part.name.as_slice(), &part.extra, &part.comment].concat());
    }
    let count = u16::try_from(parts.len()).unwrap().to_le_bytes();
    let (length, start) = (u32::try_from(central.len()).unwrap(), u32::try_from(out.len()).unwrap());
    out.extend(central);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend([count, count].concat());
    out.extend([length.to_le_bytes(), start.to_le_bytes()].concat());
    out.extend([0, 0]);
    out
}

/// Where the central directory begins.
pub fn directory(zip: &[u8]) -> usize {
    let end = zip.len();
    u32::from_le_bytes(zip[end - 6..end - 2].try_into().unwrap()) as usize
}

/// Puts the records for large zips before the end record, then changes them.
pub fn large(zip: &mut Vec<u8>, edit: impl FnOnce(&mut [u8], &mut [u8])) {
    let end = zip.len() - 22;
    let count = u64::from(u16::from_le_bytes([zip[end + 10], zip[end + 11]]));
    let (start, at) = (directory(zip) as u64, end as u64);
    let mut record = [b"PK\x06\x06".as_slice(), &44_u64.to_le_bytes(), &[45, 0, 45, 0], &[0; 8]].concat();
    for number in [count, count, at - start, start] {
        record.extend(number.to_le_bytes());
    }
    let mut locator = [b"PK\x06\x07".as_slice(), &[0; 4], &at.to_le_bytes(), &1_u32.to_le_bytes()].concat();
    edit(&mut record, &mut locator);
    zip.splice(end..end, [record, locator].concat());
}

pub fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}
