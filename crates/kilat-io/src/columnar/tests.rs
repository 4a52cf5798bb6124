use arrow_array::{Int64Array, StringArray, TimestampMicrosecondArray};
use kilat_core::{Kind, Phase, Timestamp};

use super::*;

/// A file of foreign columns, as Parquet and as Arrow, read back.
fn read_both(
    fields: Vec<Field>,
    texts: &[(&str, &str)],
    columns: &[ArrayRef],
    options: &ReadOptions,
) -> Result<Capture> {
    let texts: HashMap<_, _> = texts.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let schema = Arc::new(Schema::new_with_metadata(fields, texts));
    let batch = RecordBatch::try_new(schema.clone(), columns.to_vec()).unwrap();
    let mut parquet = ArrowWriter::try_new(Vec::new(), schema.clone(), None).unwrap();
    parquet.write(&batch).unwrap();
    let bytes = parquet.into_inner().unwrap();
    let from_parquet = read_parquet(&Source::Bytes { name: "a.parquet".into(), bytes }, options);
    let mut arrow = FileWriter::try_new(Vec::new(), &schema).unwrap();
    arrow.write(&batch).unwrap();
    let bytes = arrow.into_inner().unwrap();
    let from_arrow = read_arrow(&Source::Bytes { name: "a.arrow".into(), bytes }, options);
    let mut stream = arrow_ipc::writer::StreamWriter::try_new(Vec::new(), &schema).unwrap();
    stream.write(&batch).unwrap();
    let bytes = stream.into_inner().unwrap();
    assert_eq!(score_arrow(&bytes, ""), 100);
    let from_stream = read_arrow(&Source::Bytes { name: "a.arrows".into(), bytes }, options);
    let figures = |c: &Result<Capture>| {
        c.as_ref().ok().map(|c| (c.time().clone(), c.channels().len(), c.warnings.len()))
    };
    assert_eq!(figures(&from_parquet), figures(&from_arrow));
    assert_eq!(figures(&from_stream), figures(&from_arrow));
    from_parquet
}

fn field(name: &str, kind: DataType, texts: &[(&str, &str)]) -> Field {
    let texts: HashMap<_, _> = texts.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    Field::new(name, kind, true).with_metadata(texts)
}

#[test]
fn integers_with_a_scale_and_a_rate_in_the_metadata() {
    let texts = [("unit", "V"), ("scale", "0.001"), ("phase", "B")];
    let codes: ArrayRef = Arc::new(Int32Array::from((0..64).collect::<Vec<i32>>()));
    let fields = vec![field("u", DataType::Int32, &texts)];
    let c = read_both(fields, &[("sample_rate", "32000")], &[codes], &ReadOptions::default()).unwrap();
    let u = &c.channels()[0];
    assert_eq!((u.kind, u.phase, u.samples.kind()), (Kind::Voltage, Some(Phase::B), SampleKind::I32));
    assert_eq!((u.values(5..6).unwrap()[0], c.time().rate().unwrap().hz()), (0.005, 32_000.0));
}

#[test]
fn a_column_of_moments_is_the_time_base_and_gaps_show() {
    let us = (0..40i64).map(|i| 1_716_793_200_000_000 + 200 * i + if i < 20 { 0 } else { 5000 });
    let moments: ArrayRef = Arc::new(TimestampMicrosecondArray::from(us.collect::<Vec<_>>()));
    let ua: ArrayRef = Arc::new(Int64Array::from((0..40).map(|i| (i != 7).then_some(i)).collect::<Vec<_>>()));
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["x"; 40]));
    let kind = DataType::Timestamp(arrow_schema::TimeUnit::Microsecond, None);
    let fields = vec![
        field("when", kind, &[]),
        field("Ua", DataType::Int64, &[]),
        field("remark", DataType::Utf8, &[]),
    ];
    let c = read_both(fields, &[], &[moments, ua, texts], &ReadOptions::default()).unwrap();
    assert_eq!(c.time().start(), Some(Timestamp(1_716_793_200_000_000_000)));
    assert_eq!((c.time().segments().len(), c.time().rate().unwrap().hz()), (2, 5000.0));
    assert!(c.channels()[0].values(7..8).unwrap()[0].is_nan());
    assert_eq!(c.warnings[0].to_string(), "a.parquet: column `remark`: holds Utf8 and is left out");
}

#[test]
fn what_is_not_said_is_asked_for() {
    let wide: ArrayRef = Arc::new(Int64Array::from(vec![1, i64::MAX]));
    let given = ReadOptions { sample_rate_hz: Some(1000.0), ..ReadOptions::default() };
    let message = |options: &ReadOptions, column: &ArrayRef| {
        let fields = vec![field("u", column.data_type().clone(), &[])];
        read_both(fields, &[], std::slice::from_ref(column), options).unwrap_err().to_string()
    };
    assert_eq!(
        message(&given, &wide),
        "a.parquet: row 1 of column `u`: expected at most 2^53, found a larger integer"
    );
    let codes: ArrayRef = Arc::new(Int32Array::from(vec![1, 2]));
    assert!(
        message(&ReadOptions::default(), &codes)
            .starts_with("sample_rate_hz: a.parquet: neither metadata nor")
    );
}
