//! The law of the house: between the scan of touches and the totals no join, sort or aggregate touches the large side.

use crate::support::{closedloop, project};

/// The physical plan printed under a heading.
fn plan_of<'a>(printed: &'a str, name: &str) -> &'a str {
    let from = printed.find(&format!("{name}\n")).unwrap_or_else(|| panic!("no plan of {name} in {printed}"));
    printed[from..].split("\n\n").next().unwrap_or_default()
}

#[test]
fn touches_are_scanned_cast_and_filtered_and_nothing_else() {
    let output =
        closedloop().arg("run").arg(project("fixtures/demo/closedloop.toml")).arg("--show-plan").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    let touches = plan_of(&printed, "touchpoints");
    let operators: Vec<&str> = touches.lines().skip(1).filter_map(|line| line.trim().split(':').next()).collect();
    assert!(operators.last().is_some_and(|scan| scan.starts_with("DataSourceExec")), "{touches}");
    let streaming = ["ProjectionExec", "FilterExec", "CoalesceBatchesExec", "CooperativeExec", "DataSourceExec"];
    for operator in operators {
        // One file is dealt to the readers batch by batch, which moves no row.
        let is_dealt =
            operator == "RepartitionExec" && touches.contains("RoundRobinBatch") && !touches.contains("Hash(");
        assert!(streaming.contains(&operator) || is_dealt, "{operator} touches the large side:\n{touches}");
    }
    let mut headings: Vec<&str> = printed.split("\n\n").filter_map(|plan| plan.lines().next()).collect();
    headings.sort_unstable();
    assert!(headings.windows(2).all(|pair| pair[0] != pair[1]), "two plans of one name: {headings:?}");
    // The test can fail: the roll-ups, which are small, do aggregate.
    assert!(plan_of(&printed, "reconciliation").contains("AggregateExec"), "{printed}");
}
