//! How Parquet files are scanned: cut into pieces, which the streams of a scan take one by one, so that none is done long
//! before the others, and read by the thread that asks.

use super::local_reads::LocalReads;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::Result;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use std::sync::Arc;

/// The rule. The streams of a scan share a queue of files, but a file is cut only where one stream ends and the next begins.
#[derive(Debug)]
pub(super) struct ParquetScans;

/// Bytes of a piece: mostly a row group.
const PIECE: i64 = 4 << 20;

impl PhysicalOptimizerRule for ParquetScans {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| {
            let scan = node.downcast_ref::<DataSourceExec>();
            let Some((scan, source)) = scan.and_then(DataSourceExec::downcast_to_file_source::<ParquetSource>) else {
                return Ok(Transformed::no(node));
            };
            let mut rewritten = FileScanConfigBuilder::from(scan.clone());
            if scan.file_groups.len() > 1 {
                let cut = |group: &FileGroup| FileGroup::new(group.iter().flat_map(pieces).collect());
                rewritten = rewritten.with_file_groups(scan.file_groups.iter().map(cut).collect());
            }
            let readers = source.parquet_file_reader_factory();
            if let Some(readers) = readers.filter(|_| scan.object_store_url == ObjectStoreUrl::local_filesystem()) {
                let readers = Arc::new(LocalReads::new(Arc::clone(readers)));
                rewritten = rewritten.with_source(Arc::new(source.clone().with_parquet_file_reader_factory(readers)));
            }
            Ok(Transformed::yes(DataSourceExec::from_data_source(rewritten.build()) as Arc<dyn ExecutionPlan>))
        })
        .data()
    }

    fn name(&self) -> &str {
        "parquet_scans"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn pieces(file: &PartitionedFile) -> impl Iterator<Item = PartitionedFile> + '_ {
    let whole = i64::try_from(file.object_meta.size).unwrap_or(i64::MAX);
    let (start, end) = file.range.as_ref().map_or((0, whole), |range| (range.start, range.end));
    let pieces = ((end - start) / PIECE).max(1);
    let bound = move |piece| start + (end - start) / pieces * piece;
    (0..pieces).map(move |piece| {
        let piece_end = if piece + 1 == pieces { end } else { bound(piece + 1) };
        file.clone().with_range(bound(piece), piece_end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_follow_each_other_and_are_the_whole() {
        let bounds = |file: PartitionedFile| -> Vec<(i64, i64)> {
            pieces(&file).filter_map(|piece| piece.range.map(|range| (range.start, range.end))).collect()
        };
        let whole = PartitionedFile::new("a", 3 * 4 * 1_048_576 + 5);
        assert_eq!(bounds(whole.clone()), [(0, 4_194_305), (4_194_305, 8_388_610), (8_388_610, 12_582_917)]);
        assert_eq!(bounds(whole.clone().with_range(7, 90)), [(7, 90)]);
        assert_eq!(bounds(whole.with_range(9, 8_388_617)), [(9, 4_194_313), (4_194_313, 8_388_617)]);
    }
}
