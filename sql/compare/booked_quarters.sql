-- booked_quarters: those in which money was attributed, spent or booked.
-- In: model_comparison, reconciliation (marts).
SELECT fiscal_quarter FROM model_comparison
UNION
SELECT fiscal_quarter FROM reconciliation
ORDER BY fiscal_quarter
