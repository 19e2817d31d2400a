//! Sign-in forms that are being read. Their senders are still anonymous, so none can be preferred. At a limit,
//! the oldest form is displaced. A browser sends its form at once, so only slow clients are affected.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;

use super::Address;

/// Maximum number of forms of one address.
const MAX_FORMS_PER_ADDRESS: usize = 16;
/// Maximum number of forms in total.
const MAX_FORMS: usize = 256;

/// Forms that are being read.
#[derive(Debug, Default)]
pub(super) struct Forms(Arc<Mutex<OpenForms>>);

#[derive(Debug, Default)]
struct OpenForms {
    last_id: u64,
    /// Ids increase, so the map is ordered by age.
    forms: BTreeMap<u64, (Address, CancellationToken)>,
}

impl Forms {
    /// Returns the number of forms that are being read.
    pub(super) fn count(&self) -> usize {
        lock(&self.0).forms.len()
    }

    /// Registers a form of this address. Displaces the oldest one at a limit.
    pub(super) fn acquire(&self, address: Address) -> FormPermit {
        let mut open = lock(&self.0);
        if let Some(id) = open.to_displace(address)
            && let Some((_, displaced)) = open.forms.remove(&id)
        {
            displaced.cancel();
        }
        open.last_id += 1;
        let (id, displaced) = (open.last_id, CancellationToken::new());
        open.forms.insert(id, (address, displaced.clone()));
        drop(open);
        FormPermit { id, displaced, open: Arc::clone(&self.0) }
    }
}

impl OpenForms {
    /// Returns the form to displace for a new one of this address. `None` if there is room.
    fn to_displace(&self, address: Address) -> Option<u64> {
        let mut own = self.forms.iter().filter(|(_, (from, _))| *from == address).map(|(id, _)| *id);
        let oldest_own = own.next().filter(|_| own.count() + 1 >= MAX_FORMS_PER_ADDRESS);
        let oldest =
            || self.forms.first_key_value().map(|(id, _)| *id).filter(|_| self.forms.len() >= MAX_FORMS);
        oldest_own.or_else(oldest)
    }
}

/// Permit to read a form. Released on drop.
#[derive(Debug)]
pub struct FormPermit {
    id: u64,
    displaced: CancellationToken,
    open: Arc<Mutex<OpenForms>>,
}

impl FormPermit {
    /// Completes when the form is displaced.
    pub async fn displaced(&self) {
        self.displaced.cancelled().await;
    }
}

impl Drop for FormPermit {
    fn drop(&mut self) {
        lock(&self.open).forms.remove(&self.id);
    }
}

fn lock(open: &Mutex<OpenForms>) -> MutexGuard<'_, OpenForms> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
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
    fn oldest_form_of_address_is_displaced_first() {
        let forms = Forms::default();
        let mut all = vec![forms.acquire(address(2, 1))];
        all.extend((0..MAX_FORMS_PER_ADDRESS).map(|_| forms.acquire(address(2, 2))));
        assert_eq!(displaced(&all), Vec::<usize>::new());
        all.push(forms.acquire(address(2, 2)));
        assert_eq!(displaced(&all), [1]);
        drop(all);
        assert_eq!(forms.count(), 0);
    }

    #[test]
    fn oldest_form_is_displaced_at_total_limit() {
        let forms = Forms::default();
        let mut all: Vec<_> = (0..=255).map(|last| forms.acquire(address(2, last))).collect();
        assert_eq!((displaced(&all), forms.count()), (vec![], MAX_FORMS));
        all.push(forms.acquire(address(3, 0)));
        assert_eq!((displaced(&all), forms.count()), (vec![0], MAX_FORMS));
    }
}
