//! Sign-in forms that are being read. Their senders are not known yet, so nobody can be refused in favour of another:
//! where there are too many, the oldest gives way. A browser sends its form at once; only slow ones grow old.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;

use super::Address;

/// How many forms of one address are read at the same time.
const MAX_EACH: usize = 16;
/// How many forms are read at the same time.
const MAX: usize = 256;

/// The forms that are being read.
#[derive(Debug, Default)]
pub(super) struct Forms(Arc<Mutex<Reading>>);

#[derive(Debug, Default)]
struct Reading {
    last_id: u64,
    /// By age: ids go up.
    forms: BTreeMap<u64, (Address, CancellationToken)>,
}

impl Forms {
    /// How many are being read.
    pub(super) fn count(&self) -> usize {
        lock(&self.0).forms.len()
    }

    /// Counts a form that comes from this address. Another one gives way if there are too many.
    pub(super) fn begin(&self, address: Address) -> FormPermit {
        let mut reading = lock(&self.0);
        if let Some(id) = reading.too_old(address)
            && let Some((_, displaced)) = reading.forms.remove(&id)
        {
            displaced.cancel();
        }
        reading.last_id += 1;
        let (id, displaced) = (reading.last_id, CancellationToken::new());
        reading.forms.insert(id, (address, displaced.clone()));
        drop(reading);
        FormPermit { id, displaced, reading: Arc::clone(&self.0) }
    }
}

impl Reading {
    /// The form that gives way to another one of this address; `None` if there is room.
    fn too_old(&self, address: Address) -> Option<u64> {
        let mut own = self.forms.iter().filter(|(_, (from, _))| *from == address).map(|(id, _)| *id);
        let oldest_own = own.next().filter(|_| own.count() + 1 >= MAX_EACH);
        let oldest = || self.forms.first_key_value().map(|(id, _)| *id).filter(|_| self.forms.len() >= MAX);
        oldest_own.or_else(oldest)
    }
}

/// A form that is being read. Dropping it makes room.
#[derive(Debug)]
pub struct FormPermit {
    id: u64,
    displaced: CancellationToken,
    reading: Arc<Mutex<Reading>>,
}

impl FormPermit {
    /// Waits until it has to give way.
    pub async fn displaced(&self) {
        self.displaced.cancelled().await;
    }
}

impl Drop for FormPermit {
    fn drop(&mut self) {
        lock(&self.reading).forms.remove(&self.id);
    }
}

fn lock(reading: &Mutex<Reading>) -> MutexGuard<'_, Reading> {
    reading.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn address(third: u8, last: u8) -> Address {
        IpAddr::from([192, 0, third, last]).into()
    }

    fn displaced(all: &[FormPermit]) -> Vec<usize> {
        let displaced = all.iter().enumerate().filter(|(_, form)| form.displaced.is_cancelled());
        displaced.map(|(index, _)| index).collect()
    }

    #[test]
    fn oldest_form_of_the_address_gives_way_first() {
        let forms = Forms::default();
        let mut all = vec![forms.begin(address(2, 1))];
        all.extend((0..MAX_EACH).map(|_| forms.begin(address(2, 2))));
        assert_eq!(displaced(&all), Vec::<usize>::new());
        all.push(forms.begin(address(2, 2)));
        assert_eq!(displaced(&all), [1]);
        drop(all);
        assert_eq!(forms.count(), 0);
    }

    #[test]
    fn oldest_form_of_all_gives_way_when_there_are_too_many() {
        let forms = Forms::default();
        let mut all: Vec<_> = (0..=255).map(|last| forms.begin(address(2, last))).collect();
        assert_eq!((displaced(&all), forms.count()), (vec![], MAX));
        all.push(forms.begin(address(3, 0)));
        assert_eq!((displaced(&all), forms.count()), (vec![0], MAX));
    }
}
