//! Pages of Parquet's columns: their headers, and the codecs that they are packed with.
//!
//! The `parquet` crate gets its pages from here. On its own it makes room for whatever a header declares, and reads zstd through
//! a C library only.

use std::io::Read;
use std::sync::Arc;

use bytes::Bytes;
use parquet::arrow::arrow_reader::RowGroups;
use parquet::basic::{CompressionCodec as Codec, Encoding};
use parquet::column::page::{Page, PageIterator, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};

use super::thrift::Integers;

/// Bytes that one byte of snappy, LZ4 and gzip stands for at the most.
const MOST_SNAPPY: usize = 22;
const MOST_LZ4: usize = 255;
const MOST_GZIP: usize = 1040;

/// Types of pages, as headers number them.
const DATA: i64 = 0;
const INDEX: i64 = 1;
const DICTIONARY: i64 = 2;
const DATA_V2: i64 = 3;

/// A file of which the footer is read.
pub(super) struct Chunks {
    pub(super) file: Bytes,
    pub(super) metadata: Arc<ParquetMetaData>,
    /// Bytes that a page may unpack to.
    pub(super) most: usize,
}

impl RowGroups for Chunks {
    fn num_rows(&self) -> usize {
        self.metadata.row_groups().iter().map(|g| g.num_rows().max(0) as usize).fold(0, usize::saturating_add)
    }

    fn column_chunks(&self, i: usize) -> Result<Box<dyn PageIterator>> {
        let of_group = |g: &RowGroupMetaData| {
            let column = g.columns().get(i).ok_or_else(|| damage("a row group without a column"))?;
            self.pages(column)
        };
        let pages: Vec<_> = self.metadata.row_groups().iter().map(of_group).collect::<Result<_>>()?;
        Ok(Box::new(OneByOne(pages.into_iter())))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        Box::new(self.metadata.row_groups().iter())
    }

    fn metadata(&self) -> &ParquetMetaData {
        &self.metadata
    }
}

impl Chunks {
    fn pages(&self, column: &ColumnChunkMetaData) -> Result<Pages> {
        let first = column.dictionary_page_offset().unwrap_or_else(|| column.data_page_offset());
        let place = usize::try_from(first).ok().zip(usize::try_from(column.compressed_size()).ok());
        let end = place.and_then(|(first, len)| first.checked_add(len)).filter(|end| *end <= self.file.len());
        let (Some((first, _)), Some(end)) = (place, end) else {
            return Err(damage("a column that lies beyond the end of the file"));
        };
        let bytes = self.file.slice(first..end);
        Ok(Pages { bytes, at: 0, codec: column.compression_codec(), most: self.most })
    }
}

struct OneByOne(std::vec::IntoIter<Pages>);

impl Iterator for OneByOne {
    type Item = Result<Box<dyn PageReader>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|pages| Ok(Box::new(pages) as _))
    }
}

impl PageIterator for OneByOne {}

/// The pages of a column in a row group.
struct Pages {
    bytes: Bytes,
    at: usize,
    codec: Codec,
    most: usize,
}

/// A page as it is stored.
struct Stored {
    kind: i64,
    header: Integers,
    body: Bytes,
    /// Bytes that it unpacks to.
    unpacked: usize,
    /// Byte of the next page.
    next: usize,
}

impl Pages {
    /// The page at the place, other than an index.
    fn stored(&mut self) -> Result<Option<Stored>> {
        while self.at < self.bytes.len() {
            let rest = self.bytes.slice(self.at..);
            let (header, len) = Integers::read(&rest).ok_or_else(|| damage("no header of a page"))?;
            let sizes = header.get(0, 1).zip(header.size(0, 2)).zip(header.size(0, 3));
            let ((kind, unpacked), packed) =
                sizes.ok_or_else(|| damage("a header of a page without sizes"))?;
            let end = len.checked_add(packed).filter(|end| *end <= rest.len());
            let end = end.ok_or_else(|| damage("a page that is cut off"))?;
            if unpacked > self.most {
                return Err(damage(&format!("a page of {unpacked} bytes, more than the file can hold")));
            }
            let next = self.at + end;
            if kind == INDEX {
                self.at = next;
                continue;
            }
            return Ok(Some(Stored { kind, header, body: rest.slice(len..end), unpacked, next }));
        }
        Ok(None)
    }

    fn page(&self, s: Stored) -> Result<Page> {
        let number = |outer, field| {
            let value = s.header.get(outer, field).and_then(|v| u32::try_from(v).ok());
            value.ok_or_else(|| damage("a header of a page without a count"))
        };
        let encoded = |outer, field| {
            s.header.get(outer, field).and_then(encoding).ok_or_else(|| damage("an unknown encoding"))
        };
        Ok(match s.kind {
            DATA => Page::DataPage {
                buf: unpack(self.codec, s.body, s.unpacked)?,
                num_values: number(5, 1)?,
                encoding: encoded(5, 2)?,
                def_level_encoding: encoded(5, 3)?,
                rep_level_encoding: encoded(5, 4)?,
                statistics: None,
            },
            DICTIONARY => {
                let (buf, num_values) = (unpack(self.codec, s.body, s.unpacked)?, number(7, 1)?);
                if num_values as usize > buf.len() {
                    return Err(damage("a dictionary of more values than bytes"));
                }
                let (encoding, is_sorted) = (encoded(7, 2)?, s.header.get(7, 3) == Some(1));
                Page::DictionaryPage { buf, num_values, encoding, is_sorted }
            }
            DATA_V2 => {
                let (def_levels_byte_len, rep_levels_byte_len) = (number(8, 5)?, number(8, 6)?);
                let is_compressed = s.header.get(8, 7) != Some(0);
                // The levels before the values are never packed.
                let levels = def_levels_byte_len as usize + rep_levels_byte_len as usize;
                let values = s.unpacked.checked_sub(levels).filter(|_| levels <= s.body.len());
                let values = values.ok_or_else(|| damage("levels longer than their page"))?;
                let buf = if is_compressed && self.codec != Codec::UNCOMPRESSED {
                    let values = unpack(self.codec, s.body.slice(levels..), values)?;
                    Bytes::from([&s.body[..levels], &values].concat())
                } else {
                    s.body
                };
                Page::DataPageV2 {
                    buf,
                    num_values: number(8, 1)?,
                    encoding: encoded(8, 4)?,
                    num_nulls: number(8, 2)?,
                    num_rows: number(8, 3)?,
                    def_levels_byte_len,
                    rep_levels_byte_len,
                    is_compressed,
                    statistics: None,
                }
            }
            _ => return Err(damage("a page of an unknown type")),
        })
    }
}

impl Iterator for Pages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let Some(stored) = self.stored()? else { return Ok(None) };
        self.at = stored.next;
        self.page(stored).map(Some)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        let about = |s: Stored| PageMetadata {
            num_rows: (s.kind == DATA_V2).then(|| s.header.size(8, 3)).flatten(),
            num_levels: if s.kind == DATA { s.header.size(5, 1) } else { s.header.size(8, 1) },
            is_dict: s.kind == DICTIONARY,
        };
        Ok(self.stored()?.map(about))
    }

    fn skip_next_page(&mut self) -> Result<()> {
        if let Some(stored) = self.stored()? {
            self.at = stored.next;
        }
        Ok(())
    }
}

/// Encodings as headers number them.
fn encoding(number: i64) -> Option<Encoding> {
    Some(match number {
        0 => Encoding::PLAIN,
        2 => Encoding::PLAIN_DICTIONARY,
        3 => Encoding::RLE,
        #[expect(deprecated, reason = "old files have it in place of levels that are not there")]
        4 => Encoding::BIT_PACKED,
        5 => Encoding::DELTA_BINARY_PACKED,
        6 => Encoding::DELTA_LENGTH_BYTE_ARRAY,
        7 => Encoding::DELTA_BYTE_ARRAY,
        8 => Encoding::RLE_DICTIONARY,
        9 => Encoding::BYTE_STREAM_SPLIT,
        _ => return None,
    })
}

/// An error for the first column of `metadata` with a codec that is not read.
pub(super) fn check_codecs(metadata: &ParquetMetaData) -> Result<()> {
    let known = [Codec::UNCOMPRESSED, Codec::SNAPPY, Codec::LZ4_RAW, Codec::GZIP, Codec::ZSTD];
    let mut codecs = metadata
        .row_groups()
        .iter()
        .flat_map(RowGroupMetaData::columns)
        .map(ColumnChunkMetaData::compression_codec);
    codecs.find(|c| !known.contains(c)).map_or(Ok(()), |c| Err(unread(c)))
}

fn unread(codec: Codec) -> ParquetError {
    ParquetError::NYI(format!("compression {codec:?}; kilat reads none, snappy, gzip, zstd and LZ4_RAW"))
}

/// The `size` bytes that `packed` stands for.
fn unpack(codec: Codec, packed: Bytes, size: usize) -> Result<Bytes> {
    if codec == Codec::UNCOMPRESSED || size == 0 {
        return Ok(packed);
    }
    let within = |most: usize| {
        let fits = size <= packed.len().saturating_mul(most);
        if fits { Ok(vec![0; size]) } else { Err(damage("a page that declares more than it can unpack to")) }
    };
    let unpacked = match codec {
        Codec::SNAPPY => {
            let mut out = within(MOST_SNAPPY)?;
            let n = snap::raw::Decoder::new()
                .decompress(&packed, &mut out)
                .map_err(|e| damage(&e.to_string()))?;
            out.truncate(n);
            out
        }
        Codec::LZ4_RAW => {
            let mut out = within(MOST_LZ4)?;
            let n =
                lz4_flex::block::decompress_into(&packed, &mut out).map_err(|e| damage(&e.to_string()))?;
            out.truncate(n);
            out
        }
        Codec::GZIP => {
            within(MOST_GZIP)?;
            drained(flate2::read::MultiGzDecoder::new(&packed[..]), size)?
        }
        Codec::ZSTD => drained(rust_zstd::DecompressReader::new(&packed[..]), size)?,
        other => return Err(unread(other)),
    };
    if unpacked.len() == size {
        Ok(unpacked.into())
    } else {
        Err(damage(&format!("a page of {} bytes that declares {size}", unpacked.len())))
    }
}

/// What comes out of a decoder, of which one byte more than `size` is too much. Room grows with what really comes.
fn drained(decoder: impl Read, size: usize) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    decoder.take(size as u64 + 1).read_to_end(&mut out).map_err(|e| damage(&e.to_string()))?;
    Ok(out)
}

fn damage(what: &str) -> ParquetError {
    ParquetError::General(what.into())
}
