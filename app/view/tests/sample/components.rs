// Components that `leaving.rs` compiles with this crate and with Leptos alone. They use each construct that this crate
// supports.

#[derive(Clone, PartialEq)]
pub struct Step {
    pub id: u32,
    pub title: String,
    pub is_done: bool,
}

/// Returns three steps, of which the first is done.
pub fn steps() -> Vec<Step> {
    let step = |id| Step { id, title: format!("Step {id}"), is_done: id == 1 };
    [1, 2, 3].map(step).to_vec()
}

#[component]
fn Mark(#[prop(optional)] is_done: bool) -> impl IntoView {
    view! {
        <svg class="mark" viewBox="0 0 16 16" aria-hidden="true">
            <path d=if is_done { "m3.5 8.5 3 3 6-7" } else { "M3 8h10" }></path>
        </svg>
    }
}

#[component]
fn Section(label: &'static str, children: Children) -> impl IntoView {
    view! {
        <section aria-label=label>
            <h2>{label}</h2>
            {children()}
        </section>
    }
}

/// A list with a filter, a dialog and a field.
#[component]
pub fn Plan(steps: RwSignal<Vec<Step>>) -> impl IntoView {
    let filter = RwSignal::new(String::new());
    let is_open = RwSignal::new(false);
    let field = NodeRef::<leptos::html::Input>::new();
    let shown = move || {
        let filter = filter.get();
        steps.get().into_iter().filter(move |step| step.title.contains(&filter)).collect::<Vec<_>>()
    };
    view! {
        <Section label="Plan">
            <input
                node_ref=field
                type="search"
                class:filled=move || !filter.get().is_empty()
                prop:value=move || filter.get()
                on:input=move |event| filter.set(event_target_value(&event))
            />
            <ol class="steps" class:empty=move || steps.with(Vec::is_empty) style:width="10em">
                <For each=shown key=|step| step.id let:step>
                    <li data-done=step.is_done.then_some("yes")>
                        <Mark is_done=step.is_done attr:data-size="small"/>
                        " "
                        {step.title}
                    </li>
                </For>
            </ol>
            <button type="button" on:click=move |_| is_open.update(|open| *open = !*open)>
                {move || if is_open.get() { "Close" } else { "Open" }}
            </button>
            <Show when=move || is_open.get() fallback=|| view! { <p>"Closed"</p> }>
                <p>{move || steps.get().len()} " steps"</p>
            </Show>
            <p inner_html="<b>done</b>"></p>
        </Section>
    }
}
