//! scratch
use closedloop_core::lifetime::*;
use std::time::Instant;
#[test]
#[ignore]
fn million() {
    let (s, _) = crate::simulated::customers(PurchaseModel::BgNbd, 1_000_000, 3);
    let weeks = |column: &[f64]| column.iter().map(|t| (t * 7.0).ceil() / 7.0).collect::<Vec<_>>();
    let t = s.t.iter().enumerate().map(|(i, t)| ((t * 7.0).ceil() - (i / 7 % 84) as f64) / 7.0).collect::<Vec<_>>();
    let t_x: Vec<f64> = weeks(&s.t_x).iter().zip(&t).map(|(a, b)| a.min(*b)).collect();
    let s = Summaries::new(s.x, t_x, t, s.mean_value).unwrap();
    let t0 = Instant::now();
    let rows = s.rows();
    eprintln!("rows {} {:?} max x {:?}", rows.len(), t0.elapsed(), s.x.iter().max());
    for model in [PurchaseModel::BgNbd, PurchaseModel::ParetoNbd] {
        let t0 = Instant::now();
        let fit = model.fit(&rows).unwrap();
        eprintln!("fit {:?} {:?} {}", t0.elapsed(), fit.estimates(), fit.evaluations);
        let t1 = Instant::now();
        let spend = fit_spend(&s).unwrap();
        eprintln!("spend {:?} {:?} {}", t1.elapsed(), spend.estimates(), spend.evaluations);
        let t1 = Instant::now();
        let h = Horizon { months: 12, month: 4.345, discount: 0.01 };
        let f = Forecast::at(model, &fit.estimates(), Spend::fitted(&spend).unwrap(), &s, &rows, &h).unwrap();
        eprintln!("forecast at {:?}", t1.elapsed());
        let p = f.predictions();
        eprintln!("  predictions {:?} {}", t1.elapsed(), p.clv[0].mean);
        let t1 = Instant::now();
        let f = Forecast::new(model, &fit, SpendFit::Fitted(&spend), &s, &rows, &h).unwrap();
        eprintln!("forecast new {:?}", t1.elapsed());
        let p = f.predictions();
        eprintln!("  predictions {:?} {}", t1.elapsed(), p.clv[0].mean);
        eprintln!("total {:?}", t0.elapsed());
    }
}
