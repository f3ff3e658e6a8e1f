//! Where models are computed.

use crate::error::{Error, Result};
use candle_core::Device;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The device that a person chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// The fastest that this build and this machine have.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// An NVIDIA card.
    Cuda,
    /// An Apple graphics processor.
    Metal,
}

impl Choice {
    /// Every choice.
    pub const ALL: [Self; 4] = [Self::Auto, Self::Cpu, Self::Cuda, Self::Metal];

    /// Whether this build can compute there.
    pub fn is_built(self) -> bool {
        match self {
            Self::Auto | Self::Cpu => true,
            Self::Cuda => cfg!(feature = "cuda"),
            Self::Metal => cfg!(feature = "metal"),
        }
    }

    /// The name as it is typed and printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::Metal => "metal",
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Choice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|c| c.name() == text);
        found.ok_or_else(|| Error::input(format!("no device `{text}` (auto, cpu, cuda, metal)")))
    }
}

/// The device for a choice, and what to tell the person where it is not the one they chose.
pub fn open(choice: Choice) -> (Device, Option<String>) {
    let tried = match choice {
        Choice::Cpu => return (Device::Cpu, None),
        Choice::Cuda => cuda(),
        Choice::Metal => metal(),
        Choice::Auto => {
            let found = cuda().or_else(|_| metal());
            return (found.unwrap_or(Device::Cpu), None);
        }
    };
    match tried {
        Ok(device) => (device, None),
        Err(error) => (Device::Cpu, Some(format!("{error}; computing on the CPU instead"))),
    }
}

/// A device as a person reads it.
pub fn describe(device: &Device) -> &'static str {
    match device {
        Device::Cpu => "CPU",
        Device::Cuda(_) => "CUDA",
        Device::Metal(_) => "Metal",
    }
}

fn cuda() -> Result<Device> {
    if !Choice::Cuda.is_built() {
        return Err(missing("cuda", "this build has no CUDA support (cargo build --features cuda)"));
    }
    guarded("cuda", || Device::new_cuda(0))
}

fn metal() -> Result<Device> {
    if !Choice::Metal.is_built() {
        return Err(missing("metal", "this build has no Metal support (cargo build --features metal)"));
    }
    guarded("metal", || Device::new_metal(0))
}

/// The driver bindings panic where a library is missing, so a panic counts as "not there".
fn guarded(
    device: &str,
    open: impl FnOnce() -> candle_core::Result<Device> + std::panic::UnwindSafe,
) -> Result<Device> {
    match std::panic::catch_unwind(open) {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => Err(missing(device, &error.to_string())),
        Err(_) => Err(missing(device, "its driver could not be loaded")),
    }
}

fn missing(device: &str, what: &str) -> Error {
    Error::Device { device: device.to_owned(), what: what.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_is_missing_falls_back_with_a_notice() {
        assert!(open(Choice::Auto).1.is_none() && open(Choice::Cpu).0.is_cpu());
        if !Choice::Cuda.is_built() {
            let (device, notice) = open(Choice::Cuda);
            assert!(device.is_cpu());
            assert!(notice.expect("a notice").contains("CPU instead"));
        }
    }
}
