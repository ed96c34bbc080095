//! Folders of files like answers of a directory service: JSON that compresses as such answers do, the same every time.

use std::fmt::Write as _;
use std::path::Path;

const FIRST: [&str; 10] = ["Ana", "Bo", "Carla", "Dmitri", "Eve", "Farid", "Grace", "Hiro", "Ines", "Jon"];
const LAST: [&str; 8] = ["Smith", "Okafor", "Tanaka", "Garcia", "Novak", "Ali", "Brown", "Khan"];
const METHODS: [&str; 5] =
    ["microsoftAuthenticatorPush", "softwareOneTimePasscode", "mobilePhone", "fido2", "windowsHelloForBusiness"];

/// Writes `many` files of exactly `size` bytes, a thousand a folder. The same seed gives the same bytes.
pub fn make_files(folder: &Path, many: usize, size: usize, seed: u64) {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    for number in 0..many {
        let inside = folder.join(format!("{:03}", number / 1000));
        if number % 1000 == 0 {
            std::fs::create_dir_all(&inside).expect("a folder can be made");
        }
        std::fs::write(inside.join(format!("ev{number:06}.json")), body(&mut dice, size))
            .expect("a file can be written");
    }
}

/// One answer of exactly `size` bytes.
pub fn body(dice: &mut Dice, size: usize) -> String {
    let mut text = format!(
        "{{\"@odata.context\":\"https://graph.example/v1.0/$metadata#users\",\"collected\":\"2026-11-23T00:00:00Z\",\"tenant\":\"{}\",\"value\":[",
        dice.guid()
    );
    let mut first = true;
    loop {
        let one = user(dice);
        if text.len() + one.len() + 3 > size - 16 {
            break;
        }
        if !first {
            text.push(',');
        }
        text.push_str(&one);
        first = false;
    }
    text.push_str("],\"pad\":\"");
    let left = size - text.len() - 3;
    text.extend(std::iter::repeat_n('x', left));
    text.push_str("\"}\n");
    text
}

fn user(dice: &mut Dice) -> String {
    let (first, last) = (FIRST[dice.below(10)], LAST[dice.below(8)]);
    let mut methods = String::new();
    let start = dice.below(5);
    for step in 0..dice.below(4) {
        let comma = if step == 0 { "" } else { "," };
        write!(methods, "{comma}\"{}\"", METHODS[(start + step * 2) % 5]).expect("text grows");
    }
    format!(
        "{{\"id\":\"{}\",\"userPrincipalName\":\"{}.{}{}@contoso.example\",\"displayName\":\"{first} {last}\",\"accountEnabled\":{},\
         \"createdDateTime\":\"2025-{:02}-{:02}T{:02}:{:02}:{:02}Z\",\"isMfaRegistered\":{},\"methodsRegistered\":[{methods}],\
         \"assignedLicenses\":[{{\"skuId\":\"{}\",\"disabledPlans\":[]}}],\"userType\":\"{}\"}}",
        dice.guid(),
        first.to_lowercase(),
        last.to_lowercase(),
        dice.below(999),
        dice.below(10) > 0,
        dice.below(12) + 1,
        dice.below(28) + 1,
        dice.below(24),
        dice.below(60),
        dice.below(60),
        dice.below(5) > 0,
        dice.guid(),
        ["Member", "Guest"][dice.below(2)],
    )
}

/// xorshift64*: the same numbers everywhere.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: u64) -> usize {
        ((self.next() >> 11) % end) as usize
    }

    fn guid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        )
    }
}
